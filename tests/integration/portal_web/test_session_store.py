"""One request at a time renews a session, and never with older tokens than the stored ones."""

from portal_web.app.ports import Marks, Sealed
from portal_web.postgres.session_store import PostgresSessionStore
from tests.support.databases import Database

ID, KEY, MARKS = b"i" * 32, b"k" * 32, Marks.of("ann", None)


async def test_a_session_that_another_request_has_replaced_is_not_replaced(database: Database) -> None:
    async with database.pool("portal_web") as pool:
        store = PostgresSessionStore(pool, idle_minutes=60)
        await store.put(ID, b"first", 8, KEY, MARKS)
        found = await store.find(ID)
        assert found is not None
        assert await store.replace(ID, b"second", found.version, KEY)
        assert not await store.replace(ID, b"late", found.version, KEY)
        assert await store.find(ID) == Sealed(b"second", found.version + 1)


async def test_one_request_renews_a_session_as_it_is_stored(database: Database) -> None:
    async with database.pool("portal_web") as pool:
        store = PostgresSessionStore(pool, idle_minutes=60)
        await store.put(ID, b"first", 8, KEY, MARKS)
        found = await store.find(ID)
        assert found is not None
        assert not await store.claim_renewal(ID, found.version - 1)
        assert await store.claim_renewal(ID, found.version)
        assert not await store.claim_renewal(ID, found.version)
        await store.release_renewal(ID)
        assert await store.claim_renewal(ID, found.version)
