"""A restore of D365 that somebody reported is seen by everybody."""

from uuid import UUID

from d365_sync.domain.flow import Kind, Verdict
from d365_sync.postgres.d365_restores import PostgresRestores
from d365_sync.postgres.flow import PostgresFlow
from tests.support.databases import Database

ORDERED = """
INSERT INTO d365_restores (since, dry_run, actor, reason) VALUES (now() - interval '1 day', false, 'olga', 'a test')
RETURNING restore_id
"""
LATER = "UPDATE d365_restores SET changed_at = changed_at - interval '6 minutes'"


async def test_a_restore_that_has_waited_for_minutes_is_a_concern(database: Database) -> None:
    async with database.pool("d365_sync") as pool:
        restores, flow = PostgresRestores(pool), PostgresFlow(pool)
        restore_id = UUID(int=(await pool.fetchval(ORDERED)).int)
        await pool.execute(LATER)
        assert await flow.concerns() == [], "it gets on"
        await restores.hold_up(restore_id, "D365 is slow")
        assert await flow.concerns() == [], "only for a moment"
        await pool.execute(LATER)
        await restores.hold_up(restore_id, "D365 answered 503 after 3.1 s")

        (concern,) = await flow.concerns()
        await restores.complete(restore_id)

        assert (concern.kind, concern.verdict) == (Kind.D365_RESTORE_WAITS, Verdict.ATTENTION)
        assert concern.detail == f"{restore_id}: D365 answered 503 after 3.1 s"
        assert await flow.concerns() == []


async def test_the_newest_restores_are_listed(database: Database) -> None:
    async with database.pool("d365_sync") as pool:
        restores = PostgresRestores(pool)
        ordered = []
        for _ in range(3):
            ordered.append(UUID(int=(await pool.fetchval(ORDERED)).int))
            await restores.complete(ordered[-1])

        newest = await restores.newest(2)

        assert [UUID(int=one["restore_id"].int) for one in newest] == [ordered[2], ordered[1]]
        assert newest[0] == await restores.shown(ordered[2])
