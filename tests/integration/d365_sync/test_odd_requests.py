"""Nothing that an operator's client sends causes a 500."""

from uuid import uuid4

from case_shared.web.cursors import shared_key
from tests.integration.d365_sync.conftest import Queue
from tests.integration.d365_sync.operators import ALL, Api
from tests.support.odd_requests import failures


async def test_odd_bytes_are_refused_as_what_they_are(api: Api, queue: Queue, dead_letter: str) -> None:
    app = api.client._transport.app  # type: ignore[attr-defined]
    path = {"document": dead_letter, "record": "1", "group": "g"}
    path |= {name: str(uuid4()) for name in ("replay", "window", "restore")}
    assert await failures(app, f"olga|{ALL}", path) == []
    assert len(await shared_key(queue.pool)) == 32
