"""What is deleted after its time, what stays, and that deletion does no harm later."""

import asyncio

import asyncpg
import pytest

from case_api.app.resend_submissions import Resender
from case_api.postgres.delivery_store import PostgresResendStore
from case_api.postgres.statements import Statement
from case_shared.database.leadership import Lease
from case_shared.process.loops import WakeUp
from case_shared.words.events import SubmissionState as S
from tests.integration.case_api.conftest import CASES, DRAFT, Api, Json
from tests.integration.case_api.deliveries import RESENDS, deliver
from tests.support.databases import Database


async def apply(api: Api) -> None:
    """One pass of the retention, as the service's leader does."""
    clock = api.service.clock
    await api.service.retention().apply(Lease("retention", 1, clock, clock.monotonic() + 60), asyncio.Event())


async def age(api: Api) -> None:
    """Date all events back as if sent long ago."""
    await api.fetch("UPDATE case_api.submission_states SET state_at = state_at - interval '91 days'")


async def content(api: Api, case: Json) -> list[Json | None]:
    """The contents of the case's submissions."""
    rows = await api.fetch(
        "SELECT content FROM case_api.submissions WHERE web_case_id = $1 ORDER BY submission_no", case["web_case_id"]
    )
    return [row["content"] for row in rows]


async def test_content_goes_after_the_end_and_the_case_and_its_history_stay(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.DELIVERED, case_id="C-1")
    before = await api.get(case)
    await apply(api)
    assert (await content(api, case))[0] is not None, "its time is not over"
    await age(api)

    await apply(api)

    assert await content(api, case) == [None]
    after = await api.get(case)
    assert {**after, "submission": None} == {**before, "submission": None}
    assert after["description"] == DRAFT["description"]
    timeline = (await api.client.get(f"{CASES}/{case['web_case_id']}/timeline")).json()["items"]
    submitted = next(item for item in timeline if item["event"] == "submitted")
    assert (submitted["by"], submitted["content"]) == ("ann", None)
    assert submitted["detail"] == "The submitted content is no longer stored."


async def test_what_has_no_end_keeps_its_content(api: Api) -> None:
    states = (S.PENDING, S.DELIVERING, S.VERIFYING, S.DEFERRED, S.FAILED)
    cases = [await api.submitted() for _ in states]
    for case, state in zip(cases, states, strict=True):
        await deliver(api, case, state)
    returned = await api.submitted()
    await deliver(api, returned, S.RETURNED)
    draft = await api.get(returned)
    version = int((await api.client.get(f"{CASES}/{draft['web_case_id']}")).headers["etag"].strip('"'))
    assert (await api.submit(returned, version)).status_code == 202
    await age(api)
    await apply(api)
    for case in (*cases, returned):
        assert None not in await content(api, case), case


async def test_an_emptied_submission_is_never_sent_again(api: Api) -> None:
    """Discarded, emptied, then restored and replayed by an operator: d365-sync has the document, and reports it."""
    case = await api.submitted()
    await deliver(api, case, S.DISCARDED)
    await age(api)
    await apply(api)
    await api.fetch("DELETE FROM case_api.outbox")
    await deliver(api, case, S.PENDING, revision=2)
    await api.fetch("UPDATE case_api.submission_states SET resend_at = now() - interval '1 minute'")
    resender = Resender(PostgresResendStore(api.service.pool, RESENDS), WakeUp())

    assert not await resender.turn()

    assert await api.fetch("SELECT FROM case_api.outbox") == []
    [row] = await api.fetch("SELECT resend_at > now() AS later FROM case_api.submission_states")
    assert row["later"], "it is not looked at again and again"


async def test_a_late_delivery_of_an_emptied_submission_leaves_the_cases_content(api: Api) -> None:
    case = await api.submitted()
    await deliver(api, case, S.RETURNED)
    await age(api)
    await apply(api)
    await deliver(api, case, S.DELIVERED, revision=2, case_id="C-1")
    now = await api.get(case)
    assert (now["status"], now["submission"]["state"]) == ("submitted", "delivered")
    assert {name: now[name] for name in DRAFT} == DRAFT


async def test_a_content_can_go_but_neither_come_nor_change(api: Api) -> None:
    await api.submitted()
    for change in ("content = '{}'", "submission_id = gen_random_uuid()"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.service.pool.execute(f"UPDATE submissions SET {change}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.service.pool.execute("DELETE FROM submissions")


async def test_idempotency_keys_go_after_their_time(api: Api) -> None:
    for name in ("old", "new"):
        assert (await api.client.post(CASES, json=DRAFT, headers={"Idempotency-Key": name})).status_code == 201
    await api.fetch(
        "UPDATE case_api.idempotency_keys SET created_at = now() - interval '8 days' WHERE key LIKE '%old%'"
    )
    await apply(api)
    left = await api.fetch("SELECT key FROM case_api.idempotency_keys")
    assert [row["key"] for row in left] == ["new"]


GUARDED = [
    ("empty_submissions", "submission_states_to_empty"),
    ("delete_idempotency_keys", "idempotency_keys_created_at"),
]


@pytest.mark.parametrize(("name", "index"), GUARDED)
async def test_retention_finds_its_rows_by_index(database: Database, name: str, index: str) -> None:
    async with database.connect() as connection:
        await connection.execute(
            """
            INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, created_by)
            SELECT 'W' || n, 'd', 'usmf', 'x', 'portal', 'draft', 'ann' FROM generate_series(1, 20000) n;
            INSERT INTO case_api.submission_states (web_case_id, submission_no, resend_at, state, state_at)
            SELECT 'W' || n, 1, now(), CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'delivered' END,
                now() - n * interval '1 minute' FROM generate_series(1, 20000) n;
            INSERT INTO case_api.submissions
            SELECT 'W' || n, 1, gen_random_uuid(), 'd', 'usmf', 'x', '{}', 'ann', 'ann', now()
            FROM generate_series(1, 20000) n;
            INSERT INTO case_api.idempotency_keys
            SELECT 'd', 's', 'k' || n, '', '{}', now() - n * interval '1 minute' FROM generate_series(1, 20000) n;
            ANALYZE case_api.submissions, case_api.submission_states, case_api.idempotency_keys;
            SET search_path TO case_api, public;
            SET plan_cache_mode TO force_generic_plan; SET enable_hashjoin TO off; SET enable_mergejoin TO off;
            """
        )
        # Joins over whole tables are as cheap at this size, so forbid them: do the indexes lead to the rows?
        await connection.execute(f"PREPARE guarded AS {Statement(name).text}")
        plan = "\n".join(row[0] for row in await connection.fetch("EXPLAIN EXECUTE guarded (3600)"))
    assert index in plan, plan
    assert "Seq Scan" not in plan, plan
