"""`d365-sync serve | migrate | openapi`."""

from typing import Any

from case_shared import entry


def main() -> None:
    """Run the command that is named."""
    entry.run("d365-sync", "Delivers cases to D365; the document queue.", serve=serve, migrate=migrate, openapi=openapi)


def serve() -> None:
    """Serve until a signal."""
    from case_shared import service
    from case_shared.settings import load_settings
    from d365_sync import wiring
    from d365_sync.settings import Settings

    settings = load_settings(Settings)
    service.run("d365-sync", settings, settings.port, wiring.build_app(settings))


def migrate() -> None:
    """Bring schema and topics up to date."""
    from case_shared import migrations, topics

    migrations.run("d365_sync", topics=[topics.CASE_SUBMITTED, topics.CASE_DELIVERY, topics.CASE_STATUS_CHANGED])


def openapi() -> dict[str, Any]:
    """The API as it is committed in docs/openapi."""
    from d365_sync.web.app import describe

    return describe()


if __name__ == "__main__":
    main()
