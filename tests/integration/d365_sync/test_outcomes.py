"""docs/design.md#what-does-each-answer-from-d365-mean, row by row: D365's answer → the document, and D365's cases."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from case_shared.words.events import CaseSubmitted
from d365_sync.domain.breaker import FAILURES_TO_OPEN
from tests.integration.d365_sync.conftest import (
    SETTLE_SECONDS,
    Queue,
    cases_of,
    dispatching,
    known_case,
    old,
    submitted,
)
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE
from tests.support.sandbox import Sandbox


async def test_a_case_is_delivered_once_with_its_case_id(queue: Queue, d365: Sandbox) -> None:
    event = submitted()
    await queue.take_in(event)

    document = await queue.until(event, "delivered")

    (case,) = await cases_of(d365, event)
    assert document["case_id"] == case["CaseId"]
    assert case["SubmissionId"] == str(event.submission_id)
    assert await queue.outcomes(event) == [("create", "delivered")]


REFUSALS: list[tuple[str, dict[str, Any]]] = [
    ("a validation", {"kind": "reject", "message": "Warranty is closed."}),
    *[(str(status), {"kind": "status", "status": status, "body": "odata"}) for status in (400, 409, 412, 422)],
    ("403 for this category alone", {"kind": "status", "status": 403}),
]


async def test_a_refusal_becomes_a_dead_letter_after_a_look_up(queue: Queue, d365: Sandbox) -> None:
    for name, event in (await sent(queue, d365, REFUSALS)).items():
        document = await queue.until(event, "failed")

        assert document["cause"] == "rejected", name
        assert document["reason"], name
        assert await queue.outcomes(event) == [("create", "rejected"), ("read_back", "absent")], name
        assert await cases_of(d365, event) == [], name


async def sent(
    queue: Queue, d365: Sandbox, faults: Sequence[tuple[str, dict[str, Any]]], **common: Any
) -> dict[str, CaseSubmitted]:
    """A document for each fault, by the fault's name; all run concurrently, because most only wait."""
    events = {name: submitted() for name, _ in faults}
    for name, fault in faults:
        await d365.fault(operation="create", web_case_id=events[name].web_case_id, **common, **fault)
    await queue.take_in(*events.values())
    return events


async def test_a_refusal_that_was_none_is_found_by_the_look_up(queue: Queue, d365: Sandbox) -> None:
    await d365.fault(kind="status", status=400, body="odata", operation="create", when="after_commit", count=1)
    event = submitted()
    await queue.take_in(event)

    document = await queue.until(event, "delivered")

    assert document["cause"] == "read_back"
    assert len(await cases_of(d365, event)) == 1


async def test_an_odata_error_with_500_gets_one_retry_and_then_fails(
    queue: Queue, d365: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("d365_sync.domain.look_ups.RETRY_AFTER_REFUSAL_SECONDS", 0.1)
    await d365.fault(kind="status", status=500, body="odata", operation="create")
    event = submitted()
    await queue.take_in(event)

    document = await queue.until(event, "failed")

    assert document["cause"] == "rejected"
    kinds = [kind for kind, outcome in await queue.outcomes(event) if outcome != "absent"]
    assert kinds == ["create", "create"]


async def test_an_odata_error_with_500_that_passes_is_delivered_by_the_retry(
    queue: Queue, d365: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("d365_sync.domain.look_ups.RETRY_AFTER_REFUSAL_SECONDS", 0.1)
    await d365.fault(kind="status", status=500, body="odata", operation="create", count=1)
    event = submitted()
    await queue.take_in(event)

    await queue.until(event, "delivered")

    assert len(await cases_of(d365, event)) == 1


@pytest.mark.parametrize("retry_after", [None, 1])
async def test_429_defers_and_halves_the_concurrency(queue: Queue, d365: Sandbox, retry_after: int | None) -> None:
    asked = {} if retry_after is None else {"retry_after_seconds": retry_after}
    await d365.fault(kind="status", status=429, operation="create", count=1, **asked)
    event = submitted()
    await queue.take_in(event)

    await queue.until(event, "delivered")

    assert await queue.outcomes(event) == [("create", "deferred"), ("create", "delivered")]
    first, second = await queue.attempts(event)
    if retry_after:
        assert (second["started_at"] - first["ended_at"]).total_seconds() >= retry_after
    assert queue.dispatcher.backpressure.concurrency.limit <= 26


async def test_a_retry_after_of_nothing_leaves_our_own_back_off(database: Database, d365: Sandbox) -> None:
    async with dispatching(database, d365, d365_backoff_max_seconds=30) as queue:
        await d365.fault(kind="status", status=429, operation="create", count=2, retry_after_seconds=0)
        event = submitted()
        await queue.take_in(event)
        await queue.until(event, "delivered")
        attempts = await queue.attempts(event)

    pauses = [
        (later["started_at"] - earlier["ended_at"]).total_seconds() for earlier, later in itertools.pairwise(attempts)
    ]
    assert len(pauses) == 2
    assert all(pause >= least for pause, least in zip(pauses, (0.5, 1), strict=True)), pauses


async def test_nothing_sent_is_deferred_and_needs_no_look_up(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    event = submitted()
    d365.process.kill()
    try:
        await queue.take_in(event)
        await queue.until(event, "deferred", "unreachable")
    finally:
        d365.process.start()
        await d365.process.ready("/_sandbox/health")

    await queue.until(event, "delivered")

    outcomes = await queue.outcomes(event)
    assert outcomes[-1] == ("create", "delivered")
    assert set(outcomes[:-1]) == {("create", "deferred")}
    assert len(await cases_of(d365, event)) == 1


UNTRUSTWORTHY: list[tuple[str, dict[str, Any]]] = [
    ("408", {"kind": "status", "status": 408}),
    ("500 without OData's error", {"kind": "status", "status": 500, "body": "html"}),
    ("502", {"kind": "status", "status": 502}),
    ("503", {"kind": "status", "status": 503}),
    ("504", {"kind": "status", "status": 504}),
    ("connection lost", {"kind": "drop"}),
    ("no Case ID", {"kind": "no_case_id"}),
    ("cut JSON", {"kind": "not_json"}),
    ("HTML with 200", {"kind": "html"}),
    ("a redirect", {"kind": "redirect"}),
    ("a time-out", {"kind": "hang", "delay_seconds": 3 * PATIENCE}),
]
# Ten consecutive attempts without an answer would open the breaker.
each_part = pytest.mark.parametrize(
    "faults", [UNTRUSTWORTHY[::2], UNTRUSTWORTHY[1::2]], ids=lambda faults: ", ".join(name for name, _ in faults)
)


@each_part
async def test_what_was_committed_all_the_same_is_found_and_not_sent_again(
    queue: Queue, d365: Sandbox, faults: list[tuple[str, dict[str, Any]]]
) -> None:
    await known_case(queue)
    for name, event in (await sent(queue, d365, faults, count=1, when="after_commit")).items():
        document = await queue.until(event, "delivered")

        assert document["cause"] == "read_back", name
        outcomes = await queue.outcomes(event)
        assert outcomes[0] == ("create", "unknown"), name
        assert [kind for kind, _ in outcomes].count("create") == 1, name
        assert len(await cases_of(d365, event)) == 1, name


@each_part
async def test_what_was_not_committed_is_sent_again_once_it_surely_is_not_there(
    queue: Queue, d365: Sandbox, faults: list[tuple[str, dict[str, Any]]]
) -> None:
    await known_case(queue)
    lost = [row for row in faults if row[0] not in {"no Case ID", "cut JSON"}]
    for name, event in (await sent(queue, d365, lost, count=1, when="before_commit")).items():
        await queue.until(event, "delivered")

        attempts = await queue.attempts(event)
        assert (attempts[0]["kind"], attempts[0]["outcome"]) == ("create", "unknown"), name
        assert (attempts[-1]["kind"], attempts[-1]["outcome"]) == ("create", "delivered"), name
        # A look-up comes right before the second POST, and the settling time is between the two POSTs.
        assert (attempts[-2]["kind"], attempts[-2]["finding"]) == ("read_back", "absent"), name
        assert (attempts[-1]["started_at"] - attempts[0]["ended_at"]).total_seconds() >= SETTLE_SECONDS, name
        assert len(await cases_of(d365, event)) == 1, name


async def test_a_late_commit_within_the_settling_time_is_not_doubled(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    # After the time-out of 1 s, and before the end of the settling time, at 2.5 s.
    await d365.fault(kind="late_commit", operation="create", count=1, delay_seconds=1.8 * PATIENCE)
    event = submitted()
    await queue.take_in(event)

    await queue.until(event, "delivered", "read_back")

    assert len(await cases_of(d365, event)) == 1


async def test_attempts_without_an_answer_are_bounded(database: Database, d365: Sandbox) -> None:
    async with dispatching(database, d365, d365_max_attempts=2, d365_settle_seconds=1.1 * PATIENCE) as queue:
        await known_case(queue)
        await d365.fault(kind="drop", operation="create")
        event = submitted()
        await queue.take_in(event)

        document = await queue.until(event, "failed")

        assert document["cause"] == "attempts_exhausted"
        assert [kind for kind, _ in await queue.outcomes(event)].count("create") == 2


async def test_401_opens_the_breaker_and_the_document_waits(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    await d365.fault(kind="status", status=401, id="unauthorized")
    event = submitted()
    await queue.take_in(event)

    await queue.until(event, "deferred", "unauthorized")
    stored = await eventually(queue.dispatcher.control.read, lambda control: control.breaker.value == "open")

    assert stored.breaker_reason
    await d365.control("DELETE", "/faults/unauthorized")
    await queue.until(event, "delivered")
    await eventually(queue.dispatcher.control.read, lambda control: control.breaker.value == "closed")


async def test_a_token_that_was_revoked_costs_no_attempt(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    await d365.control("POST", "/tokens/revoke")
    event = submitted()
    await queue.take_in(event)

    await queue.until(event, "delivered")

    assert await queue.outcomes(event) == [("create", "delivered")]


async def test_403_for_everything_opens_the_breaker(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    await d365.fault(kind="status", status=403, id="forbidden")
    event = submitted()
    await queue.take_in(event)

    await queue.until(event, "deferred", "unauthorized")
    await eventually(queue.dispatcher.control.read, lambda control: control.breaker.value != "closed")

    await d365.control("DELETE", "/faults/forbidden")
    await queue.until(event, "delivered")


async def test_404_is_configuration_and_the_document_waits(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    await d365.fault(kind="status", status=404, id="gone")
    event = submitted()
    await queue.take_in(event)

    await queue.until(event, "deferred", "misconfigured")
    await eventually(queue.dispatcher.control.read, lambda control: control.breaker.value != "closed")

    await d365.control("DELETE", "/faults/gone")
    await queue.until(event, "delivered")


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_case_that_a_gateway_denies_is_found_before_a_second_post(
    queue: Queue, d365: Sandbox, status: int
) -> None:
    await known_case(queue)
    # The client repeats a POST after a 401 once, with a fresh token; the control read after a 403 fails, too.
    await d365.fault(kind="status", status=status, operation="create", when="after_commit", id="denied")
    await d365.fault(kind="status", status=503, operation="read", id="away")
    event = submitted()
    await queue.take_in(event)
    await queue.until(event, "deferred")

    await d365.control("DELETE", "/faults/denied")
    await d365.control("DELETE", "/faults/away")
    await queue.until(event, "delivered", "read_back")

    assert (await queue.outcomes(event))[-1] == ("read_back", "delivered")
    assert [kind for kind, _ in await queue.outcomes(event)].count("create") == 1
    assert len(await cases_of(d365, event)) == 1


@pytest.mark.parametrize("status", [400, 403, 500])
async def test_a_d365_that_refuses_every_case_makes_dead_letters_and_opens_no_breaker(
    queue: Queue, d365: Sandbox, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """docs/limits.md#a-d365-that-answers-reads-and-refuses-every-case: it reads as before, so each refusal counts."""
    monkeypatch.setattr("d365_sync.domain.look_ups.RETRY_AFTER_REFUSAL_SECONDS", 0.1)
    await known_case(queue)
    await d365.fault(kind="status", status=status, body="odata", operation="create")
    events = [submitted() for _ in range(2 * FAILURES_TO_OPEN)]
    await queue.take_in(*events)

    for event in events:
        await queue.until(event, "failed", "rejected")

    assert (await queue.dispatcher.control.read()).breaker.value == "closed"


async def test_an_old_document_is_looked_up_before_its_first_post(queue: Queue, d365: Sandbox) -> None:
    await known_case(queue)
    event = submitted(submitted_at=old())
    await queue.take_in(event)

    await queue.until(event, "delivered")

    assert await queue.outcomes(event) == [("read_back", "absent"), ("create", "delivered")]


async def test_a_refusal_in_odd_characters_is_kept_and_shown_readably(queue: Queue, d365: Sandbox) -> None:
    """Half a surrogate pair and NUL, which neither PostgreSQL nor Kafka's JSON accepts."""
    await d365.fault(operation="create", kind="reject", message="No \ud83d such \x00 part.")
    event = submitted()
    await queue.take_in(event)

    document = await queue.until(event, "failed")

    assert document["reason"] == "No � such � part."
    answers = "SELECT answer FROM attempts WHERE web_case_id = $1 AND kind = 'create'"
    assert "No � such � part." in await queue.pool.fetchval(answers, event.web_case_id)
