"""`d365-sync serve | migrate | restored | openapi`."""

from typing import Any

from case_shared.process import entry


def main() -> None:
    """Run the command that is named."""
    about = "Delivers cases to D365, and serves the document queue."
    entry.run("d365-sync", about, serve=serve, migrate=migrate, openapi=openapi, restored=restored)


def serve() -> None:
    """Serve until a signal."""
    from case_shared.process.settings import load_settings
    from case_shared.web import service
    from d365_sync import wiring
    from d365_sync.settings import Settings

    settings = load_settings(Settings)
    service.run("d365-sync", settings, settings.port, wiring.build_app(settings))


def migrate() -> None:
    """Bring schema and topics up to date."""
    from case_shared.kafka import migrate, topics

    migrate.run("d365_sync", topics=[topics.CASE_SUBMITTED, topics.CASE_DELIVERY, topics.CASE_STATUS_CHANGED])


def restored(reason: str) -> None:
    """After a restore: look everything up before it is sent."""
    from case_shared.kafka import restoring
    from d365_sync.restore_delivery import restore_delivery

    restoring.run("d365_sync", restore_delivery(reason))


def openapi() -> dict[str, Any]:
    """The API as it is committed in docs/openapi."""
    from d365_sync.web.app import describe

    return describe()


if __name__ == "__main__":
    main()
