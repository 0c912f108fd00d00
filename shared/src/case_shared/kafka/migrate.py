"""A service's command `migrate`: its schema first, then the topics that it needs."""

import asyncio
from collections.abc import Sequence

from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from case_shared.database.migrations import upgrade
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.topics import ensure_topics
from case_shared.process.settings import MigrationSettings, load_settings


class MigrateSettings(MigrationSettings, KafkaSettings):
    """The settings of the command `migrate`."""


def run(package: str, *, topics: Sequence[str] = ()) -> None:
    """Run the command `migrate`: bring `package`'s schema (of the same name) and these topics up to date.

    Exits with 1, and names the setting to check, if PostgreSQL or Kafka cannot be used.
    """
    settings = load_settings(MigrateSettings if topics else MigrationSettings)
    try:
        url, revision = settings.migrations_database_url.get_secret_value(), settings.migrations_revision
        upgrade(url, package=package, schema=package, revision=revision)
        created = asyncio.run(ensure_topics(settings, *topics)) if isinstance(settings, MigrateSettings) else []
    except DBAPIError as error:
        raise SystemExit(f"MIGRATIONS_DATABASE_URL: {error.orig}") from error
    except (KafkaError, OSError) as error:
        assert isinstance(settings, MigrateSettings)
        raise SystemExit(f"KAFKA_BOOTSTRAP_SERVERS {settings.kafka_bootstrap_servers}: {error!r}") from error
    print(f"{package} is up to date; topics created: {', '.join(created) or 'none'}")
