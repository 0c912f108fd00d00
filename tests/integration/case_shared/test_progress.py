"""The flow, metrics and readiness show everything that must make progress and does not."""

import pytest
from prometheus_client import REGISTRY

from case_shared.database.progress import MUST_MOVE, Moving, Progress, expected
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from d365_sync.domain.flow import Concern, Kind, Verdict
from d365_sync.postgres.flow import PostgresFlow
from tests.support.clocks import HandClock
from tests.support.databases import Database

SERVICES = sorted({one.service for one in MUST_MOVE})
LONG_AGO = "UPDATE d365_sync.progress SET expected_since = now() - interval '1 day'"


def place(stopped: Moving) -> str:
    return stopped.name if stopped.step else f"{stopped.service} {stopped.name}"


def kind_of(stopped: Moving) -> Kind:
    if stopped.name.startswith("consume_"):
        return Kind.CONSUMER_STOPPED
    return Kind.POLL_LATE if stopped.name == "cases" else Kind.STEP_LATE


async def stand(database: Database, stopped: Moving, *, ever: bool) -> tuple[list[Concern], list[bool]]:
    """Let all succeed except `stopped`; returns the flow's concerns, and whether each service is ready."""
    ready: list[bool] = []
    async with database.pool("d365_sync") as pool:
        await pool.execute("DELETE FROM d365_sync.progress")
        for _ in range(2):
            ready.clear()
            for service in SERVICES:
                clock = HandClock(1000)
                heartbeats = Heartbeats(clock)
                if ever and service == stopped.service:
                    heartbeats.succeeded(stopped.name)
                    clock.seconds += stopped.within_seconds + 5
                for one in expected(service):
                    if one.name != stopped.name or service != stopped.service:
                        heartbeats.succeeded(one.name)
                if service == stopped.service:
                    heartbeats.failed(stopped.name, "it says so: \0\ud83d")
                progress = Progress(pool, heartbeats, expected(service))
                await progress.turn()
                ready.append(await progress.moves())
            # None is late right after its service's start; from the second round on, a day has passed.
            await pool.execute(LONG_AGO)
        return await PostgresFlow(pool).concerns(), ready


@pytest.mark.parametrize("stopped", MUST_MOVE, ids=lambda one: f"{one.service}-{one.name}")
async def test_what_stands_still_is_a_concern_a_metric_and_not_ready(
    module_database: Database, stopped: Moving
) -> None:
    (concern,), ready = await stand(module_database, stopped, ever=True)

    assert (concern.kind, concern.where, concern.detail) == (kind_of(stopped), place(stopped), "it says so: \ufffd?")
    assert concern.since is not None
    assert ready == [service != stopped.service for service in SERVICES]
    labels = {"service": stopped.service, "name": stopped.name}
    age = REGISTRY.get_sample_value("casebridge_progress_age_seconds", labels)
    bound = REGISTRY.get_sample_value("casebridge_progress_bound_seconds", labels)
    assert age is not None
    assert bound == stopped.within_seconds < age
    others = [one for one in MUST_MOVE if one != stopped]
    ages = [
        REGISTRY.get_sample_value("casebridge_progress_age_seconds", {"service": one.service, "name": one.name})
        for one in others
    ]
    assert all(age is not None and age < 30 for age in ages)
    if stopped.step:
        assert (REGISTRY.get_sample_value("casebridge_d365_step_age_seconds", {"step": stopped.name}) or 0) >= bound


@pytest.mark.parametrize("stopped", [MUST_MOVE[0], MUST_MOVE[-1]], ids=lambda one: f"{one.service}-{one.name}")
async def test_what_never_succeeded_counts_from_its_services_start(module_database: Database, stopped: Moving) -> None:
    (concern,), _ = await stand(module_database, stopped, ever=False)

    assert (concern.kind, concern.where) == (Kind.STEP_NEVER_SUCCEEDED, place(stopped))
    assert concern.since is not None


async def test_one_replica_that_succeeds_is_enough_for_what_a_leader_does_and_not_for_what_each_does(
    module_database: Database,
) -> None:
    leaders, own = Moving("case-api", "outbox"), Moving("case-api", "live", each_replica=True)
    async with module_database.pool("case_api") as pool:
        await pool.execute("DELETE FROM d365_sync.progress")
        leading = Heartbeats(SystemClock())
        leading.succeeded("outbox")
        leading.succeeded("live")
        for _ in range(2):
            await Progress(pool, leading, [leaders, own], instance="a").turn()
            await Progress(pool, Heartbeats(SystemClock()), [leaders, own], instance="b").turn()
            await pool.execute(LONG_AGO)
    async with module_database.pool("d365_sync") as pool:
        found = [(concern.kind, concern.where, concern.count) for concern in await PostgresFlow(pool).concerns()]
    assert found == [(Kind.STEP_NEVER_SUCCEEDED, "case-api live", 1)]


async def test_a_service_that_was_off_gets_its_time_again_and_what_a_newer_one_lacks_goes(
    module_database: Database,
) -> None:
    moving = [Moving("case-api", "outbox"), Moving("case-api", "resend")]
    async with module_database.pool("d365_sync") as pool:
        await pool.execute("DELETE FROM d365_sync.progress")
        heartbeats = Heartbeats(SystemClock())
        for one in moving:
            heartbeats.succeeded(one.name)
        await Progress(pool, heartbeats, moving).turn()
        await pool.execute(
            "UPDATE progress SET expected_since = now() - interval '9 hours', told_at = now() - interval '8 hours',"
            " succeeded_at = now() - interval '8 hours'"
        )
        flow = PostgresFlow(pool)
        assert sorted(concern.where for concern in await flow.concerns()) == ["case-api outbox", "case-api resend"]

        await Progress(pool, Heartbeats(SystemClock()), moving[:1]).turn()

        assert await flow.concerns() == []
        assert await pool.fetchval("SELECT count(*) FROM progress") == 1


async def test_times_ahead_of_the_database_s_clock_hide_no_silence(module_database: Database) -> None:
    """After a failover to a database whose clock is behind."""
    moving, clock = [Moving("case-api", "outbox")], HandClock(1000)
    async with module_database.pool("case_api") as pool:
        await pool.execute("DELETE FROM d365_sync.progress")
        heartbeats = Heartbeats(clock)
        heartbeats.succeeded("outbox")
        progress = Progress(pool, heartbeats, moving)
        await progress.turn()
        await pool.execute(
            "UPDATE d365_sync.progress SET expected_since = ahead, told_at = ahead, succeeded_at = ahead,"
            " tried_at = ahead FROM (SELECT now() + interval '1 hour' AS ahead) AS clock"
        )
        clock.seconds += 300
        heartbeats.failed("outbox", "Kafka is away.")
        await progress.turn()
        row = await pool.fetchrow(
            "SELECT greatest(expected_since, told_at, succeeded_at, tried_at) <= now() AS past, error"
            " FROM d365_sync.progress"
        )
        assert row is not None
        assert (row["past"], row["error"]) == (True, "Kafka is away.")


async def test_what_never_succeeded_is_late_by_its_own_bound(module_database: Database) -> None:
    moving = [one for one in expected("status-sync", step_seconds=3600, first_step_seconds=2) if one.name == "dealers"]
    async with module_database.pool("status_sync") as pool:
        await pool.execute("DELETE FROM d365_sync.progress")
        heartbeats = Heartbeats(SystemClock())
        heartbeats.failed("dealers", "Access denied.")
        await Progress(pool, heartbeats, moving).turn()
        # It is reported every five seconds, which does not mean that the service was off meanwhile.
        await pool.execute(
            "UPDATE d365_sync.progress SET expected_since = now() - interval '5 seconds',"
            " told_at = now() - interval '5 seconds'"
        )
        await Progress(pool, heartbeats, moving).turn()
        async with module_database.pool("d365_sync") as observer:
            (concern,) = await PostgresFlow(observer).concerns()
            assert (concern.kind, concern.where, concern.detail) == (
                Kind.STEP_NEVER_SUCCEEDED, "dealers", "Access denied.",
            )  # fmt: skip
            heartbeats.succeeded("dealers")
            await Progress(pool, heartbeats, moving).turn()
            await Progress(pool, Heartbeats(SystemClock()), moving).turn()
            await pool.execute("UPDATE d365_sync.progress SET succeeded_at = now() - interval '1 minute'")
            assert await PostgresFlow(observer).concerns() == [], "a poll that comes rarely is not late"


def test_the_settings_bound_is_that_of_the_steps_alone() -> None:
    bounds = {one.name: one.within_seconds for one in expected("status-sync", step_seconds=7)}
    assert bounds == {one.name: 7 if one.step else one.within_seconds for one in expected("status-sync")}


@pytest.mark.parametrize("kind", [Kind.CONSUMER_STOPPED, Kind.CONSUMER_LAGS, Kind.PARTITIONS_UNOWNED])
async def test_a_consumers_concern_has_its_own_kind(module_database: Database, kind: Kind) -> None:
    async with module_database.pool("d365_sync") as pool:
        await pool.execute("DELETE FROM d365_sync.progress")
        heartbeats = Heartbeats(SystemClock())
        heartbeats.failed("consume_statuses", "so it is", kind)
        moving = [one for one in expected("d365-sync") if one.name == "consume_statuses"]
        await Progress(pool, heartbeats, moving).turn()
        await pool.execute(LONG_AGO)

        (concern,) = await PostgresFlow(pool).concerns()

        assert (concern.kind, concern.where, concern.detail) == (kind, "d365-sync consume_statuses", "so it is")
        assert concern.verdict is Verdict.ALARM
