"""`status-sync serve | migrate | openapi`."""

from typing import Any

from case_shared.process import entry


def main() -> None:
    """Run the command on the command line."""
    entry.run(
        "status-sync", "Brings status changes from D365 to the portal.", serve=serve, migrate=migrate, openapi=openapi
    )


def serve() -> None:
    """Serve until a signal."""
    from case_shared.process.settings import load_settings
    from case_shared.web import service
    from status_sync import wiring
    from status_sync.settings import Settings

    settings = load_settings(Settings)
    service.run("status-sync", settings, settings.port, wiring.build_app(settings))


def migrate() -> None:
    """Bring schema and topics up to date."""
    from case_shared.kafka import migrate, topics
    from case_shared.kafka.event_hub import InboundTopic
    from case_shared.process.settings import load_settings

    inbound = load_settings(InboundTopic)
    # An event hub is created in Azure.
    ours = [] if inbound.d365_events_connection_string else [inbound.d365_events_topic]
    migrate.run("status_sync", topics=[topics.CASE_DELIVERY, topics.CASE_STATUS_CHANGED, *ours])


def openapi() -> dict[str, Any]:
    """Return the API's document, as committed in docs/openapi."""
    from status_sync import wiring

    return wiring.openapi()


if __name__ == "__main__":
    main()
