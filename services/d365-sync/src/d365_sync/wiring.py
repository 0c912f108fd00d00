"""The composition root: what d365-sync is made of, and how it starts and stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import structlog
from fastapi import FastAPI

from case_shared.auth import TokenVerifier
from case_shared.category_types import CategoryTypes
from case_shared.clock import Clock, SystemClock
from case_shared.d365.client import D365Client
from case_shared.d365.session import open_client
from case_shared.health import Heartbeats, health_routes
from case_shared.kafka import Consumers, create_producer
from case_shared.leadership import Leadership
from case_shared.loops import finish, run_loop, start
from case_shared.postgres import Pool, close_pool, load_sql
from case_shared.retention import LEASE_NAME as RETENTION
from case_shared.retention import Retention, Rule
from case_shared.service import open_pool
from case_shared.topics import topic_name
from d365_sync.app.bells import Bells
from d365_sync.app.deliver import Deliver
from d365_sync.app.end_document import EndDocument
from d365_sync.app.guard_d365 import GuardD365
from d365_sync.app.hands import Hands
from d365_sync.app.ledger_d365 import CompareWithD365
from d365_sync.app.link import Link
from d365_sync.app.log_failures import LogFailures
from d365_sync.app.ports import D365
from d365_sync.app.preview import Preview
from d365_sync.app.publish_deliveries import PublishDeliveries, Send
from d365_sync.app.read_back import LookUp
from d365_sync.app.replay import Replay
from d365_sync.app.replay_dry_run import ForecastReplay
from d365_sync.app.replay_runner import RunReplays
from d365_sync.app.replays import OrderReplay, SteerReplay
from d365_sync.app.search_d365 import SearchD365
from d365_sync.app.show_flow import ShowFlow
from d365_sync.app.store_outcomes import StoreOutcomes
from d365_sync.app.verify import Verify
from d365_sync.consumers import SERVICE, subscriptions
from d365_sync.dispatcher import LEASE_NAME, Dispatcher
from d365_sync.domain.backoff import Backoff
from d365_sync.domain.breaker import Breaker
from d365_sync.domain.concurrency import Concurrency
from d365_sync.domain.outcomes import Policy
from d365_sync.leading import Leading
from d365_sync.metrics import Measure
from d365_sync.postgres.control import PostgresControl
from d365_sync.postgres.dealers import PostgresDealers
from d365_sync.postgres.desk import PostgresDesk
from d365_sync.postgres.documents import PostgresDocuments
from d365_sync.postgres.flow import PostgresFlow
from d365_sync.postgres.outbox import PostgresOutbox
from d365_sync.postgres.queries import Queries
from d365_sync.postgres.replays import PostgresReplays
from d365_sync.postgres.windows import PostgresWindows
from d365_sync.producer import Producer
from d365_sync.settings import Settings
from d365_sync.web.app import create
from d365_sync.web.context import Context

log = structlog.get_logger(__name__)
# Together below the grace period that `case_shared.service` leaves after its own.
_LOOPS_SECONDS = 4.0
_DRAIN_SECONDS = 4.0
_MEASURE_SECONDS = 5.0
# A dry run of some thousand documents is done by then.
_DRY_RUN_WAIT_SECONDS = 20.0
# Beside the POSTs: look-ups, probes, operators' reads.
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
    """Open what is needed and start the loops; `stack` stops them in the other order."""
    clock, stopping = SystemClock(), asyncio.Event()
    heartbeats = Heartbeats(clock)
    pool = await open_pool(settings, service=SERVICE)
    stack.push_async_callback(close_pool, pool)
    connections = settings.d365_max_concurrency + _MORE_CONNECTIONS
    d365 = await stack.enter_async_context(open_client(settings, settings.mapping, clock, limit=connections))
    plain = await stack.enter_async_context(aiohttp.ClientSession())
    producer = Producer(lambda: create_producer(settings, client_id=SERVICE), lambda name: topic_name(settings, name))
    stack.push_async_callback(producer.close)
    bells = Bells()
    dispatcher = build_dispatcher(settings, pool, d365, producer.send, clock, heartbeats, bells)
    consumers = Consumers(settings, subscriptions(pool, bells.taken_in), client_id=SERVICE, heartbeats=heartbeats)
    leadership = Leadership(pool, clock, heartbeats, LEASE_NAME)
    measure = Measure(PostgresControl(pool), Queries(pool))
    replays = build_replays(settings, pool, d365, dispatcher, clock)
    leading = Leading(dispatcher, replays, measure, heartbeats, bells.replays)
    verifier = TokenVerifier(settings, plain, clock)
    loops = {
        "keys": verifier.keep_keys(stopping),
        "dispatcher": leadership.run(leading.lead, stopping),
        "consumers": consumers.run(stopping),
        "retention": Leadership(pool, clock, heartbeats, RETENTION).run(
            build_retention(settings, pool, heartbeats).lead, stopping
        ),
        "backlog": run_loop(
            "backlog", measure.backlog, every_seconds=_MEASURE_SECONDS, stopping=stopping, heartbeats=heartbeats
        ),
    }
    tasks = start(loops)
    stack.push_async_callback(_stop, stopping, tasks, dispatcher)

    async def environment_fits() -> bool:
        return (await PostgresControl(pool).read()).refused_url is None

    async def database_answers() -> bool:
        return bool(await pool.fetchval("SELECT true"))

    async def kafka_is_reached() -> bool:
        return producer.reaches_kafka and consumers.started

    async def consumers_flow() -> bool:
        return consumers.flowing

    app.state.stop = stopping.set
    app.state.token_verifier = verifier
    app.state.context = _context(settings, pool, d365, bells)
    told = {"kafka": kafka_is_reached, "consumers": consumers_flow, "d365_environment": environment_fits}
    app.include_router(health_routes(heartbeats, {"database": database_answers}, told))


def build_dispatcher(
    settings: Settings, pool: Pool, d365: D365, send: Send, clock: Clock, heartbeats: Heartbeats, bells: Bells
) -> Dispatcher:
    """The dispatcher and all that it works with."""
    mapping, seconds = settings.mapping, settings.d365_timeout_seconds
    documents, control = PostgresDocuments(pool, clock, settings.d365_url), PostgresControl(pool)
    policy = Policy(
        settings.d365_settle_seconds, settings.d365_max_attempts, Backoff(settings.d365_backoff_max_seconds)
    )
    logs_failures = mapping.document_queue.entity_set is not None
    guard = GuardD365(
        d365,
        control,
        clock,
        Breaker(settings.d365_breaker_seconds),
        Concurrency(settings.d365_max_concurrency),
        seconds,
    )
    outcomes = StoreOutcomes(documents, logs_failures, bells.stored)
    return Dispatcher(
        documents=documents,
        control=control,
        guard=guard,
        hands=Hands(Deliver(d365, policy, seconds), outcomes, guard, clock, seconds, bells.deliver.ring),
        look_up=LookUp(d365, documents, policy, seconds, mapping.has_submission_id),
        publish=PublishDeliveries(PostgresOutbox(pool), send, clock),
        log_failures=LogFailures(d365, documents, seconds) if logs_failures else None,
        bells=bells,
        heartbeats=heartbeats,
        d365_url=settings.d365_url,
        settle_seconds=settings.d365_settle_seconds,
        timeout_seconds=seconds,
    )


def build_retention(settings: Settings, pool: Pool, heartbeats: Heartbeats) -> Retention:
    """What is kept for a configured time only."""
    rules = (
        ("documents", "empty_documents", settings.retention_payload_days),
        ("unreadable_records", "delete_unreadable_records", settings.retention_unreadable_record_days),
        ("replays", "delete_replays", settings.retention_replay_days),
    )
    return Retention(
        pool, [Rule(what, load_sql("d365_sync.postgres", name), days) for what, name, days in rules], heartbeats
    )


def build_replays(settings: Settings, pool: Pool, d365: D365, dispatcher: Dispatcher, clock: Clock) -> RunReplays:
    """What carries replays out, beside `dispatcher`."""
    replays, seconds = PostgresReplays(pool), settings.d365_timeout_seconds
    forecast = ForecastReplay(d365, dispatcher.documents, replays, seconds, settings.mapping.has_submission_id)
    guard = dispatcher.guard
    return RunReplays(replays, forecast, lambda: guard.sends, dispatcher.bells.taken_in, clock)


def _context(settings: Settings, pool: Pool, d365: D365Client, bells: Bells) -> Context:
    desk, queries, replays = PostgresDesk(pool), Queries(pool), PostgresReplays(pool)
    seconds, category_types = settings.d365_timeout_seconds, CategoryTypes.parse(settings.d365_category_types)
    return Context(
        queries=queries,
        control=PostgresControl(pool),
        desk=desk,
        windows=PostgresWindows(pool),
        dealers=PostgresDealers(pool),
        replay=Replay(desk),
        preview=Preview(d365, replays),
        order_replay=OrderReplay(replays, bells.replays.ring, _DRY_RUN_WAIT_SECONDS),
        steer_replay=SteerReplay(replays, bells.replays.ring),
        compare_with_d365=CompareWithD365(d365, queries, seconds, settings.mapping.has_submission_id),
        show_flow=ShowFlow(PostgresFlow(pool), PostgresControl(pool), SystemClock()),
        search_d365=SearchD365(d365, PostgresDealers(pool), PostgresControl(pool), category_types),
        link=Link(d365, desk, category_types, seconds),
        verify=Verify(desk, bells.taken_in),
        end=EndDocument(desk),
        bells=bells,
        d365_url=settings.d365_url,
    )


async def _stop(stopping: asyncio.Event, tasks: list[asyncio.Task[None]], dispatcher: Dispatcher) -> None:
    """No new claims; what is under way is finished, or left to its lease's end, which makes it be looked up."""
    await finish(stopping, tasks, within_seconds=_LOOPS_SECONDS)
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            await dispatcher.hands.drain()
            await dispatcher.publish()
    except TimeoutError:
        log.warning("left_to_their_leases", documents=dispatcher.hands.holding)
    except Exception as error:
        log.warning("not_published_before_the_end", exc_info=error)
