"""`case-api serve | migrate | restored | openapi`."""

from typing import Any

from case_shared.process import entry


def main() -> None:
    """Run the command on the command line."""
    about = "Drafts, submissions and the list of cases."
    entry.run("case-api", about, serve=serve, migrate=migrate, openapi=openapi, restored=restored)


def serve() -> None:
    """Serve until a signal."""
    from case_api import wiring
    from case_api.settings import Settings
    from case_shared.process.settings import load_settings
    from case_shared.web import service

    settings = load_settings(Settings)
    service.run("case-api", settings, settings.port, wiring.build_app(settings))


def migrate() -> None:
    """Bring schema and topics up to date."""
    from case_shared.kafka import migrate, topics

    migrate.run("case_api", topics=[topics.CASE_SUBMITTED, topics.CASE_DELIVERY, topics.CASE_STATUS_CHANGED])


def restored(_reason: str) -> None:
    """Recover what was submitted after the backup that was restored."""
    from case_api.recover_submissions import recover_submissions
    from case_shared.kafka import restoring

    restoring.run("case_api", recover_submissions)


def openapi() -> dict[str, Any]:
    """Return the API's document, as committed in docs/openapi."""
    from case_api import wiring

    return wiring.build_app(None).openapi()


if __name__ == "__main__":
    main()
