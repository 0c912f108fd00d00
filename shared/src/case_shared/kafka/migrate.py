"""A service's command `migrate`: its schema first, then the topics that it needs."""

import asyncio
import sys
from collections.abc import Sequence

from aiokafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from case_shared.database.migrations import SchemaTooNew, upgrade
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.durability import shortfalls
from case_shared.kafka.topics import ensure_topics, topic_name
from case_shared.process.settings import MigrationSettings, load_settings


class MigrateSettings(MigrationSettings, KafkaSettings):
    """The settings of the command `migrate`."""


def run(package: str, *, topics: Sequence[str] = ()) -> None:
    """Run the command `migrate`: bring `package`'s schema (of the same name) and these topics up to date.

    Exits with 1, and names the setting to check, if PostgreSQL or Kafka cannot be used, or the schema needs newer
    code.
    """
    settings = load_settings(MigrateSettings if topics else MigrationSettings)
    try:
        url, revision = settings.migrations_database_url.get_secret_value(), settings.migrations_revision
        newer = upgrade(url, package=package, schema=package, revision=revision)
        created = asyncio.run(_make_topics(settings, topics)) if isinstance(settings, MigrateSettings) else []
    except SchemaTooNew as error:
        raise SystemExit(str(error)) from error
    except DBAPIError as error:
        raise SystemExit(f"MIGRATIONS_DATABASE_URL: {error.orig}") from error
    except (KafkaError, OSError) as error:
        assert isinstance(settings, MigrateSettings)
        raise SystemExit(f"KAFKA_BOOTSTRAP_SERVERS {settings.kafka_bootstrap_servers}: {error!r}") from error
    schema = (
        f"{package} is at revision {newer.found} of a newer release and stays there; this one knows {newer.known}"
        if newer
        else f"{package} is up to date"
    )
    print(f"{schema}; topics created: {', '.join(created) or 'none'}")


async def _make_topics(settings: KafkaSettings, topics: Sequence[str]) -> list[str]:
    """Create what is missing; existing topics that are kept less safely than the settings ask for are named."""
    created = await ensure_topics(settings, *topics)
    existing = {topic_name(settings, topic) for topic in topics} - {*created}
    for shortfall in await shortfalls(settings, sorted(existing)):
        print(f"warning: {shortfall}", file=sys.stderr)
    return created
