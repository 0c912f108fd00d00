"""`python -m status_sync serve | migrate | openapi`."""

import argparse
import sys

from case_shared import service, telemetry
from case_shared.d365.errors import MappingError
from case_shared.settings import load_settings
from status_sync import wiring
from status_sync.settings import MigrateSettings, Settings


def main() -> None:
    """Run the command that is named."""
    parser = argparse.ArgumentParser(prog="status-sync", description=wiring.DESCRIPTION)
    parser.add_argument("command", choices=["serve", "migrate", "openapi"])
    match parser.parse_args().command:
        case "openapi":
            print(wiring.openapi_document())
        case "migrate":
            wiring.migrate(load_settings(MigrateSettings))
        case _:
            serve(load_settings(Settings))


def serve(settings: Settings) -> None:
    """Serve until a signal; exits with 2 where the mapping file cannot be used."""
    try:
        mapping = wiring.load(settings)
    except MappingError as error:
        print(f"D365_MAPPING: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    telemetry.configure(
        "status-sync",
        level=settings.log_level,
        form=settings.log_format,
        otlp_endpoint=settings.otel_exporter_otlp_endpoint,
    )
    service.serve(wiring.build_app(settings, mapping), host=settings.host, port=settings.port)


if __name__ == "__main__":
    main()
