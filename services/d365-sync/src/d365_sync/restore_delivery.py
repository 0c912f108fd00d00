"""After a restore of the database, before anything is sent: its knowledge of D365 may be outdated, so read it again."""

from collections.abc import Awaitable, Callable

from case_shared.database.postgres import Pool
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.restoring import rewind
from case_shared.kafka.topics import CASE_SUBMITTED
from case_shared.words.actor import Actor
from d365_sync.postgres.statements import Statement


def restore_delivery(reason: str) -> Callable[[Pool, KafkaSettings], Awaitable[str]]:
    """What the command `restored` does; `reason` goes into the audit. Safe to repeat."""

    async def work(pool: Pool, settings: KafkaSettings) -> str:
        await pool.execute(Statement.RESTORE_DELIVERY.text, Actor("restored"), reason)
        await pool.execute(Statement.PUBLISH_LATELY.text)
        await rewind(settings, f"d365-sync.{CASE_SUBMITTED}", CASE_SUBMITTED)
        return (
            "d365-sync will look up every open document in D365 before it sends it, and reads all submissions in Kafka "
            "again"
        )

    return work
