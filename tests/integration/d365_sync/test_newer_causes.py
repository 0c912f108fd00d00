"""A newer release, from which one came back, may have written causes that this one does not know (docs/upgrade.md)."""

from tests.integration.d365_sync.conftest import Queue
from tests.integration.d365_sync.operators import Api


async def test_a_cause_of_a_newer_release_is_shown_as_none(api: Api, queue: Queue, dead_letter: str) -> None:
    await queue.pool.execute("UPDATE documents SET cause = 'cause_of_9000' WHERE state = 'failed'")

    [listed] = (await api.get("/documents", state="failed"))["items"]
    assert (listed["id"], listed["state"], listed["cause"]) == (dead_letter, "failed", None)
    assert (await api.get(f"/documents/{dead_letter}"))["cause"] is None
    assert [group["cause"] for group in (await api.get("/document-groups"))["items"]] == [None]
    assert (await api.get("/ledger", d365="true", older_than_seconds="0"))["failed"] == 1
