"""`case-api serve | migrate | openapi`."""

from typing import Any

from case_shared import entry


def main() -> None:
    """Run the command that is named."""
    entry.run("case-api", "Drafts, submission and the list of cases.", serve=serve, migrate=migrate, openapi=openapi)


def serve() -> None:
    """Serve until a signal."""
    from case_api import wiring
    from case_api.settings import Settings
    from case_shared import service
    from case_shared.settings import load_settings

    settings = load_settings(Settings)
    service.run("case-api", settings, settings.port, wiring.build_app(settings))


def migrate() -> None:
    """Bring schema and topics up to date."""
    from case_shared import migrations, topics

    migrations.run("case_api", topics=[topics.CASE_SUBMITTED, topics.CASE_DELIVERY])


def openapi() -> dict[str, Any]:
    """The API as it is committed in docs/openapi."""
    from case_api import wiring

    return wiring.build_app(None).openapi()


if __name__ == "__main__":
    main()
