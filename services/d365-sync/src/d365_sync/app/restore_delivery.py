"""After a restore of the database, before anything is sent: nothing that it believes of D365 is believed unread."""

from collections.abc import Awaitable, Callable

from case_shared.kafka import KafkaSettings
from case_shared.postgres import Pool, load_sql
from case_shared.restoring import rewind
from case_shared.topics import CASE_SUBMITTED

_PACKAGE = "d365_sync.postgres"


def restore_delivery(reason: str) -> Callable[[Pool, KafkaSettings], Awaitable[str]]:
    """What the command `restored` does; `reason` stands in the audit. Safe to repeat."""

    async def work(pool: Pool, settings: KafkaSettings) -> str:
        await pool.execute(load_sql(_PACKAGE, "restore_delivery"), "restored", reason)
        await pool.execute(load_sql(_PACKAGE, "publish_everything_again"))
        await rewind(settings, f"d365-sync.{CASE_SUBMITTED}", CASE_SUBMITTED)
        return "every open document is looked up in D365 before it is sent; submissions are read from the earliest on"

    return work
