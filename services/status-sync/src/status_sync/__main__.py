"""`status-sync serve | migrate | openapi`."""

from typing import Any

from case_shared import entry


def main() -> None:
    """Run the command that is named."""
    entry.run("status-sync", "Brings D365's status to the portal.", serve=serve, migrate=migrate, openapi=openapi)


def serve() -> None:
    """Serve until a signal."""
    from case_shared import service
    from case_shared.settings import load_settings
    from status_sync import wiring
    from status_sync.settings import Settings

    settings = load_settings(Settings)
    service.run("status-sync", settings, settings.port, wiring.build_app(settings))


def migrate() -> None:
    """Bring schema and topics up to date."""
    from case_shared import migrations, topics
    from case_shared.settings import load_settings
    from status_sync.settings import InboundTopic

    inbound = load_settings(InboundTopic).d365_events_topic
    migrations.run("status_sync", topics=[topics.CASE_DELIVERY, topics.CASE_STATUS_CHANGED, inbound])


def openapi() -> dict[str, Any]:
    """The API as it is committed in docs/openapi."""
    from status_sync import wiring

    return wiring.openapi()


if __name__ == "__main__":
    main()
