"""The data for the pages: a dealer's cases in every state, and the operators' tasks and work."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2

from case_shared.kafka.connection import KafkaSettings
from tests.support.brokers import Broker
from tests.support.eventually import eventually
from tests.support.stack import Clerk, DealerClient, Stack

CONTENT = {
    "priority": "High",
    "description": "Excavator EX-220: the boom cylinder leaks since Monday, some two litres a day. The machine stands.",
    "contact": {"name": "Jóna Jónsdóttir", "email": "jona@contoso.example", "phone": "+354 555 1234"},
    "notes": "Please call before noon. The machine is at the quarry, gate 3.",
}
UNKNOWN = "Serial number LD-4711 is not known in legal entity usmf."
CLOSED = "Posting period 11/2026 is closed for service orders."


@dataclass(frozen=True)
class World:
    """Web Case IDs by their role; documents are `<Web Case ID>-1`. `dry_run`, `replayed`, `record`: their IDs."""

    draft: str
    incomplete: str
    delivered: str
    in_process: str
    closed: str
    failed: str
    other_content: str
    overtaken: str
    dry_run: str
    replayed: str
    record: int


async def populated(stack: Stack) -> World:
    """Fill the lists."""
    async with (
        stack.dealer("usmf-us-001") as api,
        stack.dealer("usmf-us-002") as other,
        stack.clerk() as clerk,
        stack.operator() as operator,
    ):
        cases = await _cases(api, clerk)
        mismatched = await _other_content(api, clerk)
        async with refusing(clerk, "LD-4711", UNKNOWN):
            content = {**CONTENT, "description": "Loader LD-4711: fault code 31 after every start."}
            failed, _, _ = [await _refused(one, **content) for one in (api, api, other)]
        async with refusing(clerk, "period", CLOSED):
            late = {**CONTENT, "description": "Invoice of the last period: the wrong machine."}
            overtaken, _ = [await _refused(api, **late) for _ in range(2)]
            dry_run = await _replay(operator, {"q": "Posting period"}, dry_run=True)
        replayed = await _replay(operator, {"q": "Posting period"}, dry_run=False)
        async with refusing(clerk, "period", CLOSED):
            overtaken = await _refused(api, **late)
        await _worked(operator, f"{failed}-1")
        record = await _unreadable(stack, operator)
        return World(
            **cases, failed=failed, other_content=mismatched, overtaken=overtaken,
            dry_run=dry_run, replayed=replayed, record=record,
        )  # fmt: skip


@asynccontextmanager
async def refusing(clerk: Clerk, text: str, message: str) -> AsyncIterator[None]:
    """D365 refuses cases that contain `text`."""
    rule = {"kind": "reject", "operation": "create", "text": text, "message": message}
    fault = done(await clerk.http.post("/_sandbox/faults", json=rule))["id"]
    try:
        yield
    finally:
        done(await clerk.http.delete(f"/_sandbox/faults/{fault}"))


def done(answer: httpx2.Response) -> Any:
    """The body of an answer that must be a success."""
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def _cases(api: DealerClient, clerk: Clerk) -> dict[str, str]:
    category = (await api.category())["category"]
    draft = await _saved(api, category=category, **CONTENT)
    incomplete = await _saved(api, description="Asked on the phone; category to be found out.")
    sent = {
        name: (await api.submitted(f"world-{name}", **{**CONTENT, "description": text}))["web_case_id"]
        for name, text in (
            ("delivered", "Spare part: bucket teeth, set of ten"),
            ("in_process", "Software update for the cab display fails at 60 %"),
            ("closed", "Warranty: paint peels off the counterweight"),
        )
    }
    for name, moves in (("delivered", []), ("in_process", ["InProcess"]), ("closed", ["InProcess", "Closed"])):
        known = await api.until_in_d365(sent[name])
        for move in moves:
            await clerk.move("usmf", known["case_id"], move)
    await api.until(sent["in_process"], status="in_process")
    await api.until(sent["closed"], status="closed")
    return {"draft": draft, "incomplete": incomplete, **sent}


async def _other_content(api: DealerClient, clerk: Clerk) -> str:
    """A case whose Web Case ID another case in D365 already has."""
    case = await _saved(api, category=(await api.category())["category"], **CONTENT)
    theirs = {"dataAreaId": "usmf", "CustomerAccount": "US-001", "CaseCategory": "Warranty", "CategoryType": "Service"}
    text = "Boom cylinder, typed in by phone"
    done(await clerk.http.post("/_sandbox/cases", json={**theirs, "WebCaseId": case, "Description": text}))
    await _submit(api, case)
    return case


async def _saved(api: DealerClient, **content: Any) -> str:
    answer = await api.call("POST", "/cases", json=content)
    web_case_id: str = done(answer)["web_case_id"]
    return web_case_id


async def _refused(api: DealerClient, **content: Any) -> str:
    case = await _saved(api, category=(await api.category())["category"], **content)
    await _submit(api, case)
    return case


async def _submit(api: DealerClient, case: str) -> None:
    done(await api.call("POST", f"/cases/{case}/submission", headers={"If-Match": '"1"'}))
    await api.until(case, submission_state="failed")


async def _replay(operator: httpx2.AsyncClient, query: dict[str, str], *, dry_run: bool) -> str:
    order = {"query": {"state": "failed", **query}, "dry_run": dry_run, "reason": "the period is open again"}
    ordered = done(await operator.post("/v1/replays", json=order, headers={"Idempotency-Key": uuid4().hex}))
    path = f"/v1/replays/{ordered['replay_id']}"

    async def ended() -> bool:
        now = done(await operator.get(path))
        arrived = dry_run or all(one["state"] == "delivered" for one in now["items"])
        return now["state"] == "completed" and arrived

    await eventually(ended, within_seconds=30)
    return str(ordered["replay_id"])


async def _worked(operator: httpx2.AsyncClient, document: str) -> None:
    """Operators' work: a note, a discard and its undoing, a planned window."""
    path = f"/v1/documents/{document}"
    note = "Called the dealer: the plate says LD-4171, two digits were swapped. Correct it and replay."
    done(await operator.post(f"{path}/notes", json={"text": note}))
    for action, reason in (("discard", "Thought to be a test."), ("restore", "It was no test: the dealer called.")):
        await order(operator, document, action, reason)
    begin = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    window = {"begins_at": begin.isoformat(), "ends_at": (begin + timedelta(hours=3)).isoformat()}
    done(await operator.post("/v1/delivery/windows", json={**window, "reason": "D365 update 10.0.47"}))


async def order(operator: httpx2.AsyncClient, document: str, action: str, reason: str) -> None:
    """Order `action` for the current version of a document."""
    path = f"/v1/documents/{document}"
    etag = (await operator.get(path)).headers["etag"]
    done(await operator.post(f"{path}/{action}", json={"reason": reason}, headers={"If-Match": etag}))


async def _unreadable(stack: Stack, operator: httpx2.AsyncClient) -> int:
    """Create an unreadable record; returns its ID."""
    settings = KafkaSettings(kafka_bootstrap_servers=stack.kafka)
    async with Broker(settings).producer() as producer:
        await producer.send_and_wait(
            "case.submitted.v1", b'{"web_case_id": "W12", "note": "typed by hand"}', b"W12", headers=[("by", b"hand")]
        )

    async def kept() -> Any:
        return done(await operator.get("/v1/unreadable-records"))["items"]

    return int((await eventually(kept, within_seconds=30))[0]["id"])
