"""The main job: a dealer's case reaches D365 exactly once, and D365's status comes back, whatever dies."""

import uuid

import asyncpg
import httpx2
import pytest

from case_shared.database.progress import MUST_MOVE
from tests.support.eventually import eventually
from tests.support.stack import Stack

DEALER = "usmf-us-001"
REFUSED = "refuse this one"


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


async def test_a_case_gets_its_case_id_and_follows_d365s_status(stack: Stack, key: str) -> None:
    async with stack.dealer(DEALER) as dealer, stack.clerk() as clerk:
        submission = await dealer.submitted(key, description="The lifter leaks oil")
        assert (submission["submission_no"], submission["state"]) == (1, "pending")
        web_case_id = submission["web_case_id"]
        case = await dealer.until_in_d365(web_case_id)
        assert case["status"] == "submitted"
        [booked] = await clerk.holding(web_case_id)
        assert (booked["CaseId"], booked["dataAreaId"]) == (case["case_id"], "usmf")
        for symbol, status in (("InProcess", "in_process"), ("Planned", "open"), ("Closed", "closed")):
            await clerk.move("usmf", case["case_id"], symbol)
            case = await dealer.until(web_case_id, status=status)
        assert case["status_as_of"] is not None
        timeline = (await dealer.call("GET", f"/cases/{web_case_id}/timeline")).json()
        assert len(timeline["items"]) >= 4


async def test_all_that_must_move_does(stack: Stack) -> None:
    async def moving() -> set[tuple[str, str]]:
        database = await asyncpg.connect(stack.database_url)
        try:
            query = "SELECT service, name FROM d365_sync.progress WHERE succeeded_at > now() - interval '1 minute'"
            return {(row["service"], row["name"]) for row in await database.fetch(query)}
        finally:
            await database.close()

    expected = {(one.service, one.name) for one in MUST_MOVE if one.within_seconds < 1800}
    found = await eventually(moving, expected.issubset, within_seconds=30)
    assert found <= {(one.service, one.name) for one in MUST_MOVE}
    async with httpx2.AsyncClient() as client:
        metrics = (await client.get(f"{stack.urls['case-api']}/metrics")).text
        ready = (await client.get(f"{stack.urls['case-api']}/readyz")).json()
    assert 'casebridge_d365_step_age_seconds{step="cases"}' in metrics
    assert ready["checks"]["progress"] is True


async def test_what_d365_refuses_stands_in_the_queue_until_it_is_replayed(stack: Stack, key: str) -> None:
    async with stack.dealer(DEALER) as dealer, stack.operator() as operator, stack.clerk() as clerk:
        rule = {"kind": "reject", "operation": "create", "text": REFUSED}
        fault = (await clerk.http.post("/_sandbox/faults", json=rule)).json()
        submission = await dealer.submitted(key, description=REFUSED)
        web_case_id = submission["web_case_id"]
        case = await dealer.until(web_case_id, submission_state="failed")
        assert case["submission"]["reason"]
        document_id = f"{web_case_id}-1"
        document = (await operator.get(f"/v1/documents/{document_id}")).json()
        assert document["state"] == "failed"
        assert document["payload"]["description"] == REFUSED
        assert document["attempts"]
        await logged_in_d365(stack, web_case_id)
        await clerk.http.delete(f"/_sandbox/faults/{fault['id']}")
        stack.command("queue", "replay", document_id, "--reason", "the rule was lifted", "--json")
        case = await dealer.until(web_case_id, submission_state="delivered")
        assert len(await clerk.holding(web_case_id)) == 1
        audit = (await operator.get("/v1/audit")).json()["items"]
        assert any(entry["action"] == "replay" for entry in audit)


async def logged_in_d365(stack: Stack, web_case_id: str) -> None:
    """The original requirement: if the submission fails, D365's own document queue has a log of it."""
    async with stack.clerk() as clerk:

        async def entries() -> list[str]:
            answer = (await clerk.http.get("/_sandbox/document-queue")).json()
            return [entry["WebCaseId"] for entry in answer["items"]]

        await eventually(entries, lambda found: web_case_id in found)


@pytest.mark.nightly  # make chaos-short kills each of them at a worse moment
@pytest.mark.parametrize(
    "victims", [("case-api", "d365-sync", "sandbox"), ("kafka", "status-sync"), ("postgres", "oidc")], ids=" and ".join
)
async def test_kill_9_of_processes_loses_and_doubles_nothing(stack: Stack, victims: tuple[str, ...]) -> None:
    """Each dies while cases are under way; nothing waits for the one before to be well again but the submissions."""
    async with stack.dealer(DEALER) as dealer, stack.clerk() as clerk:
        submitted: list[str] = []
        for victim in victims:
            submitted += [(await dealer.submitted(uuid.uuid4().hex))["web_case_id"] for _ in range(8)]
            await stack.kill(victim)
        submitted += [(await dealer.submitted(uuid.uuid4().hex))["web_case_id"] for _ in range(5)]
        for web_case_id in submitted:
            await dealer.until(web_case_id, within_seconds=60, submission_state="delivered")
        books = await clerk.cases()
        assert [sum(case["WebCaseId"] == one for case in books) for one in submitted] == [1] * len(submitted)
    ledger = stack.command("ledger", "--json", check=False)
    assert ledger.returncode == 0, ledger.stdout


async def test_a_case_of_another_dealer_does_not_exist(stack: Stack, key: str) -> None:
    async with stack.dealer(DEALER) as dealer, stack.dealer("usmf-us-002") as other:
        web_case_id = (await dealer.submitted(key))["web_case_id"]
        for path in (f"/cases/{web_case_id}", f"/cases/{web_case_id}/submission", f"/cases/{web_case_id}/timeline"):
            assert (await other.call("GET", path)).status_code == 404
        foreign = await other.http.get(f"/v1/dealers/{DEALER}/cases")
        assert foreign.status_code == 404
