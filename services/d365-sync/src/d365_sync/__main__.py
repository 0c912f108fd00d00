"""Entry point: `python -m d365_sync serve | migrate | openapi`."""

import asyncio
import json
import sys

from case_shared import telemetry
from case_shared.kafka import KafkaSettings
from case_shared.migrations import upgrade
from case_shared.service import serve
from case_shared.settings import MigrationSettings, load_settings
from case_shared.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, ensure_topics
from d365_sync.settings import Settings
from d365_sync.web.app import describe
from d365_sync.wiring import build


def main() -> None:
    """Run the command that the first argument names."""
    match sys.argv[1:]:
        case ["serve"]:
            settings = load_settings(Settings)
            telemetry.configure(
                "d365-sync",
                level=settings.log_level,
                form=settings.log_format,
                otlp_endpoint=settings.otel_exporter_otlp_endpoint,
            )
            serve(build(settings), host=settings.host, port=settings.port)
        case ["migrate"]:
            migrations, kafka = load_settings(MigrationSettings), load_settings(KafkaSettings)
            upgrade(migrations.migrations_database_url, package="d365_sync", schema="d365_sync")
            asyncio.run(ensure_topics(kafka, CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED))
        case ["openapi"]:
            print(json.dumps(describe(), indent=2, sort_keys=True))
        case _:
            sys.exit("usage: python -m d365_sync serve | migrate | openapi")


if __name__ == "__main__":
    main()
