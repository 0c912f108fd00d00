"""`portal-web serve | migrate`."""

from case_shared.process import entry


def main() -> None:
    """Run the command that is named."""
    entry.run("portal-web", "The dealer portal and the operator console.", serve=serve, migrate=migrate)


def serve() -> None:
    """Serve until a signal."""
    from case_shared.process.settings import load_settings
    from case_shared.web import service
    from portal_web import wiring
    from portal_web.settings import Settings

    settings = load_settings(Settings)
    service.run("portal-web", settings, settings.port, wiring.build_app(settings))


def migrate() -> None:
    """Bring the schema up to date."""
    from case_shared.kafka import migrate

    migrate.run("portal_web")


if __name__ == "__main__":
    main()
