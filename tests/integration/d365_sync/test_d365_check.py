"""Findings of D365 checks are kept, shown and measured; d365-sync runs the read-only part by itself."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from prometheus_client import REGISTRY

from case_shared.d365.chain_memory import PostgresChainMemory
from case_shared.d365.check.report import Proof, Report, Step, StepId, failed, ok, skipped, warning
from case_shared.d365.check.running import run_check
from case_shared.d365.check.target import Asked
from case_shared.d365.mapping import Mapping
from case_shared.database.postgres import Pool
from case_shared.process.clock import SystemClock
from d365_sync import wiring
from d365_sync.app import show_flow
from d365_sync.app.check_d365 import CheckD365
from d365_sync.metrics import Measure
from d365_sync.postgres.checks import PostgresChecks
from d365_sync.postgres.control import PostgresControl
from d365_sync.postgres.queries import Queries
from tests.integration.d365_sync.conftest import Queue, settings_for
from tests.integration.d365_sync.operators import Api
from tests.support.clocks import HandClock
from tests.support.sandbox import Sandbox

WELL = Report(
    (Step(StepId.SETTINGS, (ok("settings_fit", url="u"),)), Step(StepId.EVENTS, (skipped("events_need_write"),)))
)
TROUBLED = Report((Step(StepId.SETTINGS, (failed("setting_wrong", setting="D365_URL", problem="not set"),)),))
PROVEN = Report((Step(StepId.WRITE, (ok("unique"),)),), Proof("C-1", datetime.now(UTC)), or_terms=30)
NOT_UNIQUE = Report((Step(StepId.WRITE, (failed("not_unique", case_id="C-2"),)),))


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show_flow, "_FRESH_SECONDS", -1.0)


@pytest_asyncio.fixture
async def checks(queue: Queue, d365: Sandbox) -> AsyncIterator[PostgresChecks]:
    yield PostgresChecks(queue.pool, d365.url, Mapping())


@dataclass
class Runs:
    """A check with findings that a test chooses."""

    report: Report = WELL
    asked: list[Asked] = field(default_factory=list)

    async def __call__(self, asked: Asked) -> Report:
        self.asked.append(asked)
        return self.report


async def grow_old(pool: Pool, seconds: float) -> None:
    await pool.execute(
        "UPDATE d365_check_steps SET checked_at = checked_at - make_interval(secs => $1::float8)", seconds
    )


async def test_without_a_check_there_is_nothing_to_show(api: Api) -> None:
    found = await api.get("/d365/check")
    assert (found["ok"], found["checked_at"], found["steps"], found["uniqueness_proof"]) == (None, None, [], None)


async def test_the_service_checks_d365_and_shows_what_it_found(
    api: Api, checks: PostgresChecks, queue: Queue, d365: Sandbox
) -> None:
    async with queue.database.connect() as connection:
        await connection.execute(
            "INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account) VALUES ('f', 'frrt', '1')"
        )
        # status-sync records the legal entities of D365's business events.
        await connection.execute(
            "INSERT INTO status_sync.event_notes"
            " VALUES ('status', 'usmf', now(), now(), 7), ('test', '', now(), now(), 1)"
        )
    check = wiring.build_check(settings_for(queue.database, d365), checks, SystemClock())
    await check()

    found = await api.get("/d365/check")
    steps = {step["id"]: step for step in found["steps"]}
    assert list(steps) == [step.value for step in StepId]
    assert not found["ok"]
    assert steps["companies"]["state"] == "failed"
    assert "dealers exist in frrt" in steps["companies"]["message"]
    assert steps["companies"]["findings"][0]["code"] == "company_unseen"
    assert steps["events"]["state"] == "warning"
    assert "has ever arrived for frrt" in steps["events"]["message"]
    assert steps["write"]["findings"] == [{"code": "uniqueness_unproven", "values": {}}]
    await Measure(PostgresControl(queue.pool), Queries(queue.pool), checks).backlog()
    assert REGISTRY.get_sample_value("casebridge_d365_check_failed", {"step": "companies"}) == 1
    assert REGISTRY.get_sample_value("casebridge_d365_check_failed", {"step": "token"}) == 0
    assert (await PostgresChainMemory(queue.pool, d365.url).load() or 0) >= 10


async def test_it_is_due_at_the_start_daily_and_often_while_something_is_to_be_done(
    checks: PostgresChecks, queue: Queue
) -> None:
    runs, clock = Runs(), HandClock()
    check = CheckD365(checks, runs, clock)
    await check()
    await check()
    assert len(runs.asked) == 1
    await CheckD365(checks, runs, clock)()
    assert len(runs.asked) == 1, "another replica has just checked"

    await grow_old(queue.pool, 80_000)
    await check()
    assert len(runs.asked) == 1
    await CheckD365(checks, runs, clock)()
    assert len(runs.asked) == 2, "at the start"

    await grow_old(queue.pool, 90_000)
    runs.report = TROUBLED
    await check()
    assert len(runs.asked) == 3
    await grow_old(queue.pool, 400)
    runs.report = WELL
    await check()
    assert len(runs.asked) == 4


async def test_an_error_that_nobody_foresaw_does_not_make_it_ask_again_and_again(checks: PostgresChecks) -> None:
    asked: list[Asked] = []

    async def breaks(asked_for: Asked) -> Report:
        asked.append(asked_for)
        raise RuntimeError("a bug")

    clock = HandClock()
    check = CheckD365(checks, breaks, clock)
    for _ in range(2):
        with suppress(RuntimeError):
            await check()
    assert len(asked) == 1
    clock.seconds += 301
    with pytest.raises(RuntimeError):
        await check()


async def test_since_shows_when_a_step_got_into_its_state(checks: PostgresChecks) -> None:
    await checks.store(WELL)
    (first, *_) = await checks.steps()
    await checks.store(WELL)
    (again, *_) = await checks.steps()
    assert (again["since"], again["checked_at"] > first["checked_at"]) == (first["since"], True)
    await checks.store(TROUBLED)
    (changed, *_) = await checks.steps()
    assert changed["since"] > first["since"]


async def test_a_missing_privilege_to_create_remains_until_a_check_writes_again(
    checks: PostgresChecks, queue: Queue, d365: Sandbox
) -> None:
    await d365.set_up(lacks_maintain=["DealerPortalCases"])
    settings = settings_for(queue.database, d365)
    asked = Asked(company="usmf", write=True, event_seconds=0)
    await checks.store(await run_check(settings, asked, SystemClock(), inbound="not set"), written=True)
    await checks.store(await run_check(settings, Asked(), SystemClock(), inbound="not set"))

    failing = [step for step in await checks.steps() if step["state"] == "failed"]
    assert [(step["id"], step["findings"][0]["code"]) for step in failing] == [("write", "lacks_maintain")]


async def test_uniqueness_is_a_concern_until_it_is_proven(api: Api, checks: PostgresChecks, queue: Queue) -> None:
    async def kinds() -> list[str]:
        return [concern["kind"] for concern in (await api.get("/flow"))["concerns"]]

    assert await checks.note_uniqueness()
    assert await kinds() == ["uniqueness_unproven"]

    await checks.store(PROVEN, written=True)
    assert await kinds() == []
    assert (await api.get("/d365/check"))["uniqueness_proof"]["case_id"] == "C-1"
    assert not await checks.note_uniqueness()
    assert (await checks.proof()) is not None

    # Findings of the writing check stay, whatever a later read-only check reports.
    await checks.store(Report((Step(StepId.WRITE, (warning("uniqueness_unproven"),)),)))
    assert [step["state"] for step in await checks.steps()] == ["ok"]

    another = PostgresChecks(queue.pool, "https://another.example", Mapping())
    assert await another.note_uniqueness(), "a proof is one environment's"
    accepted = PostgresChecks(queue.pool, "https://another.example", Mapping(web_case_id_unique=False))
    assert not await accepted.note_uniqueness()

    await checks.store(NOT_UNIQUE, written=True)
    assert await checks.proof() is None
    assert await kinds() == ["uniqueness_unproven"]
