"""The composition root: builds d365-sync, starts and stops it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import structlog
from fastapi import APIRouter, FastAPI

from case_shared.d365.chain_memory import PostgresChainMemory
from case_shared.d365.check.report import Report
from case_shared.d365.check.running import run_check
from case_shared.d365.check.target import Asked
from case_shared.d365.session import open_client
from case_shared.database import progress
from case_shared.database.leadership import Leadership
from case_shared.database.postgres import Pool, close_pool, takes_writes
from case_shared.database.progress import Progress, expected
from case_shared.database.retention import LEASE_NAME as RETENTION
from case_shared.database.retention import Retention, Rule
from case_shared.kafka.consumers import Consumers
from case_shared.kafka.outbox import OutboxPublisher, Sends, sender_for
from case_shared.kafka.producing import Sender
from case_shared.process.clock import Clock, SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loop_delay import measure_loop_delay
from case_shared.process.loops import finish, run_loop, start
from case_shared.web.auth import TokenVerifier
from case_shared.web.cursors import Cursors, shared_key
from case_shared.web.health import health_routes
from case_shared.web.limits import RateLimits
from case_shared.web.service import open_pool
from d365_sync.app.backpressure import Backpressure
from d365_sync.app.check_d365 import CheckD365
from d365_sync.app.compare_stored import CompareStored
from d365_sync.app.deliver import Deliver
from d365_sync.app.in_flight import InFlight
from d365_sync.app.log_failures import LogFailures
from d365_sync.app.look_up import LookUp
from d365_sync.app.ports import D365
from d365_sync.app.positive_control import ControlledLookUp
from d365_sync.app.replay_dry_run import ForecastReplay
from d365_sync.app.replay_runner import RunReplays
from d365_sync.app.restore_d365 import RestoreD365
from d365_sync.app.store_outcomes import StoreOutcomes
from d365_sync.app.wake_ups import WakeUps
from d365_sync.consumers import SERVICE, subscriptions
from d365_sync.dispatcher import LEASE_NAME, Dispatcher
from d365_sync.domain.backoff import Backoff
from d365_sync.domain.breaker import Breaker
from d365_sync.domain.concurrency import Concurrency
from d365_sync.domain.outcomes import Policy
from d365_sync.leading import Leading
from d365_sync.metrics import Measure
from d365_sync.operators_api import build_context
from d365_sync.postgres.checks import PostgresChecks
from d365_sync.postgres.control import PostgresControl
from d365_sync.postgres.d365_restores import PostgresRestores
from d365_sync.postgres.documents import PostgresDocuments
from d365_sync.postgres.outbox import OUTBOX
from d365_sync.postgres.queries import Queries
from d365_sync.postgres.replays import PostgresReplays
from d365_sync.postgres.statements import Statement
from d365_sync.postgres.stored import PostgresStored
from d365_sync.settings import Settings
from d365_sync.web.app import create

log = structlog.get_logger(__name__)
# Their sum is below the grace period that `case_shared.web.service` leaves after its own.
_LOOPS_SECONDS = 4.0
_DRAIN_SECONDS = 4.0
_MEASURE_SECONDS = 5.0
# Besides the POSTs: look-ups, probes, operators' reads.
_MORE_CONNECTIONS = 10


def build_app(settings: Settings) -> FastAPI:
    """The application, whose lifespan is the service's life."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _start(app, settings, stack)
            yield

    return create(lifespan, settings)


async def _start(app: FastAPI, settings: Settings, stack: AsyncExitStack) -> None:
    """Open what is needed and start the loops; `stack` stops them in reverse order."""
    clock, stopping = SystemClock(), asyncio.Event()
    heartbeats = Heartbeats(clock)
    pool = await open_pool(settings, service=SERVICE)
    stack.push_async_callback(close_pool, pool)
    connections = settings.d365_max_concurrency + _MORE_CONNECTIONS
    memory = PostgresChainMemory(pool, settings.d365_url)
    d365 = await stack.enter_async_context(
        open_client(settings, settings.mapping, clock, limit=connections, memory=memory)
    )
    plain = await stack.enter_async_context(aiohttp.ClientSession())
    sender = sender_for(settings, SERVICE)
    stack.push_async_callback(sender.close)
    wake_ups = WakeUps()
    dispatcher = build_dispatcher(settings, pool, d365, sender, clock, heartbeats, wake_ups)
    consumers = Consumers(settings, subscriptions(pool, wake_ups), client_id=SERVICE, heartbeats=heartbeats)
    leadership = Leadership(pool, clock, heartbeats, LEASE_NAME)
    d365_checks = PostgresChecks(pool, settings.d365_url, settings.mapping)
    if await d365_checks.note_uniqueness():
        log.warning("uniqueness_unproven", remedy="casebridge d365 check --write --company CODE")
    measure = Measure(PostgresControl(pool), Queries(pool), d365_checks)
    leading = build_leading(settings, pool, d365, dispatcher, d365_checks, measure, clock)
    verifier = TokenVerifier(settings, plain, clock)

    def loop(name: str, turn: Callable[[], Awaitable[bool]], seconds: float) -> Coroutine[Any, Any, None]:
        return run_loop(name, turn, every_seconds=seconds, stopping=stopping, heartbeats=heartbeats)

    without = () if dispatcher.log_failures else ("log_failures",)
    moving = Progress(pool, heartbeats, expected(SERVICE, without=without))
    loops = {
        "keys": verifier.keep_keys(stopping),
        "loop_delay": measure_loop_delay(stopping),
        "dispatcher": leadership.run(leading.lead, stopping),
        "consumers": consumers.run(stopping),
        "retention": Leadership(pool, clock, heartbeats, RETENTION).run(
            build_retention(settings, pool, heartbeats).lead, stopping
        ),
        "progress": loop("progress", moving.turn, progress.EVERY_SECONDS),
        "backlog": loop("backlog", measure.backlog, _MEASURE_SECONDS),
        "outbox_measures": loop("outbox_measures", dispatcher.publisher.measure, _MEASURE_SECONDS),
    }
    tasks = start(loops)
    stack.push_async_callback(_stop, stopping, tasks, dispatcher, leadership)
    app.state.stop = stopping.set
    app.state.token_verifier = verifier
    app.state.rate_limits = RateLimits(settings.rate_limit_user_per_minute, settings.rate_limit_client_per_minute)
    app.state.context = build_context(settings, pool, d365, wake_ups, Cursors(await shared_key(pool)))
    app.include_router(_health(settings, pool, sender, consumers, moving, heartbeats))


def _health(
    settings: Settings, pool: Pool, sender: Sender, consumers: Consumers, moving: Progress, heartbeats: Heartbeats
) -> APIRouter:
    """The health checks: what readiness needs, and what it only reports."""

    async def environment_fits() -> bool:
        return (await PostgresControl(pool).read()).refused_url is None

    async def database_answers() -> bool:
        return await takes_writes(pool)

    async def kafka_is_reached() -> bool:
        return sender.reaches_kafka and consumers.started

    checks = {"database": database_answers, "consumers": consumers.ready}
    reported = {
        "kafka": kafka_is_reached,
        "flow": consumers.flow,
        "d365_environment": environment_fits,
        "progress": moving.moves,
    }
    return health_routes(heartbeats, checks, reported, metrics_token=settings.metrics_token)


def build_leading(
    settings: Settings,
    pool: Pool,
    d365: D365,
    dispatcher: Dispatcher,
    checks: PostgresChecks,
    measure: Measure,
    clock: Clock,
) -> Leading:
    """What only the leader does, around `dispatcher`."""
    return Leading(
        dispatcher,
        build_replays(settings, pool, d365, dispatcher, clock),
        build_restore(settings, pool, d365, dispatcher, clock),
        build_check(settings, checks, clock),
        measure,
        dispatcher.heartbeats,
        dispatcher.wake_ups,
    )


def build_dispatcher(
    settings: Settings, pool: Pool, d365: D365, sender: Sends, clock: Clock, heartbeats: Heartbeats, wake_ups: WakeUps
) -> Dispatcher:
    """The dispatcher and everything that it needs."""
    mapping, seconds = settings.mapping, settings.d365_timeout_seconds
    documents, control = PostgresDocuments(pool, clock, settings.d365_url), PostgresControl(pool)
    policy = Policy(
        settings.d365_settle_seconds, settings.d365_max_attempts, Backoff(settings.d365_backoff_max_seconds)
    )
    logs_failures = mapping.document_queue.entity_set is not None
    backpressure = Backpressure(
        d365,
        control,
        clock,
        Breaker(settings.d365_breaker_seconds),
        Concurrency(settings.d365_max_concurrency),
        seconds,
    )
    outcomes = StoreOutcomes(documents, logs_failures, wake_ups.stored)
    return Dispatcher(
        documents=documents,
        control=control,
        backpressure=backpressure,
        in_flight=InFlight(
            Deliver(d365, policy, seconds), outcomes, backpressure, clock, seconds, wake_ups.deliver.wake
        ),
        look_up=LookUp(d365, documents, policy, seconds, mapping.has_submission_id),
        publisher=OutboxPublisher(pool, OUTBOX, sender, batch_size=500),
        log_failures=LogFailures(d365, documents, seconds) if logs_failures else None,
        compare_stored=CompareStored(d365, PostgresStored(pool), seconds),
        wake_ups=wake_ups,
        heartbeats=heartbeats,
        d365_url=settings.d365_url,
        settle_seconds=settings.d365_settle_seconds,
        timeout_seconds=seconds,
    )


def build_retention(settings: Settings, pool: Pool, heartbeats: Heartbeats) -> Retention:
    """The rules for data that is kept for a configured time."""
    rules = (
        ("documents", Statement.EMPTY_DOCUMENTS, settings.retention_payload_days),
        ("unreadable_records", Statement.DELETE_UNREADABLE_RECORDS, settings.retention_unreadable_record_days),
        ("replays", Statement.DELETE_REPLAYS, settings.retention_replay_days),
        ("personal_data", Statement.EMPTY_CASES, settings.retention_personal_days),
        ("later_words", Statement.EMPTY_CASES_AGAIN, settings.retention_personal_days),
    )
    loaded = [Rule(what, statement.text, days) for what, statement, days in rules]
    return Retention(pool, loaded, heartbeats, settings.retention_sweep_seconds)


def build_replays(settings: Settings, pool: Pool, d365: D365, dispatcher: Dispatcher, clock: Clock) -> RunReplays:
    """What carries out replays, beside `dispatcher`."""
    replays, seconds = PostgresReplays(pool), settings.d365_timeout_seconds
    look_up = ControlledLookUp(d365, dispatcher.documents, seconds, settings.d365_settle_seconds)
    backpressure, heartbeats = dispatcher.backpressure, dispatcher.heartbeats

    def progressed() -> None:
        heartbeats.beat("replays")

    forecast = ForecastReplay(look_up, replays, settings.mapping.has_submission_id, progressed)
    return RunReplays(replays, forecast, lambda: backpressure.may_send, dispatcher.wake_ups.taken_in, clock, progressed)


def build_check(settings: Settings, checks: PostgresChecks, clock: Clock) -> CheckD365:
    """Checks D365 like `casebridge d365 check`, but writes nothing there."""

    async def check(asked: Asked) -> Report:
        return await run_check(settings, asked, clock, inbound="the check creates no case")

    return CheckD365(checks, check, clock)


def build_restore(settings: Settings, pool: Pool, d365: D365, dispatcher: Dispatcher, clock: Clock) -> RestoreD365:
    """Looks up what D365 lost in a restore, beside `dispatcher`."""
    backpressure, seconds = dispatcher.backpressure, settings.d365_timeout_seconds
    return RestoreD365(
        PostgresRestores(pool),
        d365,
        dispatcher.look_up.controlled,
        lambda: backpressure.may_send,
        dispatcher.wake_ups.taken_in,
        clock,
        seconds,
        settings.mapping.has_submission_id,
    )


async def _stop(
    stopping: asyncio.Event, tasks: list[asyncio.Task[None]], dispatcher: Dispatcher, leadership: Leadership
) -> None:
    """Claim nothing more; finish what is under way, or leave it until its lease expires and it is looked up."""
    await finish(stopping, tasks, within_seconds=_LOOPS_SECONDS)
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            await dispatcher.in_flight.drain()
            await leadership.once(dispatcher.publisher.turn)
    except TimeoutError:
        log.warning("left_to_their_leases", documents=dispatcher.in_flight.count)
    except Exception as error:
        log.warning("not_published_before_the_end", exc_info=error)
