"""The dispatcher as a whole: outages, a wrong mapping, two replicas, D365's own document queue, order of events."""

import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from d365_sync import dispatcher
from tests.integration.d365_sync.conftest import (
    QUICK,
    Queue,
    cases_of,
    dispatching,
    known_case,
    mapping_file,
    submitted,
)
from tests.support.databases import Database
from tests.support.eventually import eventually
from tests.support.sandbox import Sandbox


async def test_an_outage_makes_no_dead_letter_and_its_backlog_is_delivered_once(
    database: Database, d365: Sandbox
) -> None:
    async with dispatching(database, d365) as queue:
        await known_case(queue)
        await d365.fault(kind="outage", status=503, id="outage")
        events = [submitted() for _ in range(30)]
        await queue.take_in(*events)
        opened = await eventually(queue.dispatcher.control.read, lambda control: control.breaker.value == "open")
        assert opened.breaker_reason
        more = [submitted() for _ in range(30)]
        await queue.take_in(*more)
        await eventually(partial(in_flight_of, queue), lambda count: count == 0)
        # While it is open, only probes are sent: one read per interval.
        began = time.monotonic()
        await d365.control("DELETE", "/counters")
        probes = await eventually(partial(asked, d365), lambda count: count >= 2)
        elapsed = time.monotonic() - began
        assert probes <= elapsed / QUICK["d365_breaker_seconds"] + 1, (probes, elapsed)
        await d365.control("DELETE", "/faults/outage")

        for event in (*events, *more):
            await queue.until(event, "delivered", within=30)

        states = {row["state"] for row in await queue.pool.fetch("SELECT DISTINCT state FROM documents")}
        assert states == {"delivered"}
        assert len(await cases_of(d365, *events, *more)) == 60
        assert not any(event.state == "failed" for event in queue.events)


async def gauge(name: str) -> float | None:
    return REGISTRY.get_sample_value(name)


async def test_who_leads_no_more_reports_no_breaker_and_no_environment(database: Database, d365: Sandbox) -> None:
    """Its gauges would say for ever what it saw last, and the alerts take the greatest of all replicas."""
    await d365.fault(kind="outage", status=503)
    async with dispatching(database, d365) as queue:
        await eventually(lambda: gauge("d365_sync_breaker_open"), lambda shown: shown == 1)
        await queue.pool.execute("UPDATE delivery_control SET d365_url = 'https://production.example'")
        await eventually(lambda: gauge("d365_sync_environment_refused"), lambda shown: shown == 1)

    shown = [await gauge(f"d365_sync_{name}") for name in ("breaker_open", "environment_refused", "concurrency_limit")]
    assert shown == [0, 0, 0]


async def in_flight_of(queue: Queue) -> int:
    return queue.dispatcher.in_flight.count


async def asked(d365: Sandbox) -> int:
    """How many requests D365 got; those for tokens go to Entra."""
    counted = (await d365.control("GET", "/counters"))["by_operation"]
    return sum(count for name, count in counted.items() if name != "token")


async def breaker_of(queue: Queue) -> str:
    """The breaker as this process's leader knows it."""
    return queue.dispatcher.backpressure.breaker.state.value


async def test_at_most_one_probe_an_interval_however_often_the_leader_changes(
    database: Database, d365: Sandbox
) -> None:
    interval = 2.0
    await d365.fault(kind="outage", status=503)
    async with dispatching(database, d365, d365_breaker_seconds=interval) as queue:
        await eventually(queue.dispatcher.control.read, lambda control: control.breaker.value == "open")
    await d365.control("DELETE", "/counters")
    began, leaders, probes = time.monotonic(), 0, 0
    while leaders < 4 or not probes or time.monotonic() - began < interval * 1.5:
        assert leaders < 100, "no leader sends a probe"
        async with dispatching(database, d365, d365_breaker_seconds=interval) as queue:
            await eventually(partial(breaker_of, queue), lambda state: state != "closed")
            await queue.dispatcher.tend()
        leaders += 1
        probes = await asked(d365)

    elapsed = time.monotonic() - began
    assert probes <= elapsed / interval + 1, (probes, elapsed, leaders)


async def test_a_field_that_d365_does_not_know_is_named_and_nothing_is_sent(
    database: Database, d365: Sandbox, tmp_path: Path
) -> None:
    mapping = mapping_file(tmp_path, '[case.fields]\npriority = "Urgency"\n')
    async with dispatching(database, d365, d365_mapping=mapping) as queue:
        event = submitted()
        await queue.take_in(event)

        control = await eventually(queue.dispatcher.control.read, lambda found: found.breaker.value == "open")

        assert "Urgency" in (control.breaker_reason or "")
        assert "DealerPortalCases" in (control.breaker_reason or "")
        assert (await queue.document(event))["attempts"] == 0
        assert await cases_of(d365, event) == []


async def test_failures_are_written_to_d365s_own_document_queue_and_gate_nothing(
    database: Database, d365: Sandbox, tmp_path: Path
) -> None:
    mapping = mapping_file(tmp_path, '[document_queue]\nentity_set = "DocumentQueueLogs"\n')
    async with dispatching(database, d365, d365_mapping=mapping) as queue:
        await d365.fault(kind="reject", operation="create", entity_set="DealerPortalCases", message="Closed.")
        event = submitted()
        await queue.take_in(event)
        await queue.until(event, "failed")

        async def entries() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = (await d365.control("GET", "/document-queue"))["items"]
            return [entry for entry in found if entry["WebCaseId"] == event.web_case_id]

        (entry,) = await eventually(entries)
        assert "Closed." in entry["Message"]


async def test_what_delivery_does_not_need_does_not_delay_it(database: Database, d365: Sandbox, tmp_path: Path) -> None:
    await d365.fault(kind="status", status=500, entity_set="CustomersV3")
    absent = '[document_queue]\nentity_set = "NotThere"\n[priorities.fields]\ndescription = "NotThere"\n'
    async with dispatching(database, d365, d365_mapping=mapping_file(tmp_path, absent)) as queue:
        await d365.fault(kind="reject", operation="create", count=1, message="Closed.")
        refused, accepted = submitted(), submitted()

        await queue.take_in(refused)
        await queue.until(refused, "failed")
        await queue.take_in(accepted)
        await queue.until(accepted, "delivered")

        assert (await queue.dispatcher.control.read()).breaker.value == "closed"


async def test_two_replicas_deliver_each_document_once_and_the_second_takes_over(
    database: Database, d365: Sandbox
) -> None:
    async with dispatching(database, d365) as second:
        async with dispatching(database, d365) as first:
            await known_case(first)
            events = [submitted() for _ in range(60)]
            await first.take_in(*events[:30])
        # The first has ended and released its lease.
        await second.take_in(*events[30:])
        for event in events:
            await second.until(event, "delivered")
        assert len(await cases_of(d365, *events)) == 60


async def test_revisions_of_a_document_are_published_in_order(database: Database, d365: Sandbox) -> None:
    async with dispatching(database, d365) as queue:
        await d365.fault(kind="status", status=429, operation="create", count=2)
        event = submitted()
        await queue.take_in(event)
        await queue.until(event, "delivered")

        events = await eventually(
            lambda: queue.events_of(event), lambda found: any(one.state == "delivered" for one in found)
        )

        revisions = [one.revision for one in events]
        assert revisions == sorted(set(revisions))
        last = events[-1]
        assert last.case_id == (await queue.document(event))["case_id"]
        assert [attempt.outcome for attempt in last.attempts] == ["deferred", "deferred", "delivered"]


async def test_no_poll_is_needed_from_intake_to_event(
    database: Database, d365: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "_POLL_SECONDS", 3600)
    async with dispatching(database, d365) as queue:
        for _ in range(3):
            event = submitted()
            await queue.take_in(event)
            [published] = await eventually(partial(queue.events_of, event))
            assert published.state == "delivered"
