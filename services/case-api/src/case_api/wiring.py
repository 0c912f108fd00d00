"""The composition root: what case-api is made of, and how it starts and stops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import structlog
from fastapi import FastAPI

from case_api.app.held_records import HeldRecords
from case_api.app.know_dealers import REFRESH_SECONDS, DealerDirectory
from case_api.app.live_streams import Limits, LiveStreams
from case_api.app.resend_submissions import EVERY_SECONDS, Resender
from case_api.app.submit_case import Submitter
from case_api.consumers import DeliveryConsumer
from case_api.live import LiveReader
from case_api.postgres.case_list import PostgresCaseList, connection_settings
from case_api.postgres.case_store import PostgresCaseStore
from case_api.postgres.delivery_store import PostgresResendStore, Resends
from case_api.postgres.list_store import PostgresListStore
from case_api.postgres.live_store import PostgresLiveStore
from case_api.postgres.outbox import Outbox
from case_api.postgres.submit_store import PostgresSubmitStore
from case_api.relay import Relay
from case_api.settings import Settings
from case_api.web import case_list, cases, lists, stream, submissions
from case_api.web.context import Context
from case_api.web.limits import RateLimits
from case_api.web.openapi import CONTRACT
from case_api.web.problems import install_wording
from case_shared import service
from case_shared.auth import TokenVerifier
from case_shared.category_types import CategoryTypes
from case_shared.clock import SystemClock
from case_shared.health import Heartbeats, health_routes
from case_shared.http import create_app
from case_shared.kafka import Consumers, create_producer
from case_shared.leadership import Leadership, Lease
from case_shared.loops import Doorbell, finish, run_loop, start
from case_shared.openapi import install_openapi
from case_shared.postgres import Pool, close_pool, load_sql
from case_shared.retention import LEASE_NAME as RETENTION
from case_shared.retention import Retention, Rule
from case_shared.topics import topic_name

log = structlog.get_logger(__name__)
DESCRIPTION = "Service cases of dealers: drafts, submission to D365, the list, and what became of each case."
_DRAIN_SECONDS = 8.0
_MEASURE_SECONDS = 5.0
# Well below the megabyte that brokers take by default.
_BATCH_BYTES = 256 * 1024


@dataclass
class Service:
    """One running case-api; `serve` is its life between the opening of the pool and its end."""

    settings: Settings
    pool: Pool
    list_pool: Pool
    session: aiohttp.ClientSession
    clock: SystemClock
    heartbeats: Heartbeats
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    doorbell: Doorbell = field(default_factory=Doorbell)

    def __post_init__(self) -> None:
        settings = self.settings
        self.verifier = TokenVerifier(settings, self.session, self.clock)
        resends = Resends(settings.resend_first_seconds, settings.resend_longest_seconds)
        self.lists = PostgresListStore(self.pool)
        self.dealers = DealerDirectory(self.lists, self.clock)
        self.relay = Relay(
            Outbox(self.pool),
            producer_of=lambda: create_producer(settings, client_id="case-api-relay", batch_bytes=_BATCH_BYTES),
            topic_of=lambda name: topic_name(settings, name),
            batch_size=settings.relay_batch_size,
        )
        self.resender = Resender(PostgresResendStore(self.pool, resends), self.doorbell)
        self.consumers = Consumers(
            settings,
            [DeliveryConsumer(self.pool, resends).subscription()],
            client_id="case-api",
            heartbeats=self.heartbeats,
        )
        self.streams = self._streams()
        self.live = LiveReader(settings, self.streams, self.clock.monotonic)
        self.leadership = self._leadership("relay")

    def _streams(self) -> LiveStreams:
        settings = self.settings
        limits = Limits(settings.live_max_streams, settings.live_max_streams_per_dealer, settings.live_waiting_bytes)
        held = HeldRecords(settings.live_held_records, settings.live_held_seconds)
        return LiveStreams(PostgresLiveStore(self.pool), stream.case_event, held, limits, self.clock)

    def context(self) -> Context:
        """What the routes work with."""
        types = CategoryTypes.parse(self.settings.d365_category_types)
        submissions = PostgresSubmitStore(self.pool, types, self.settings.resend_first_seconds)
        submitter = Submitter(submissions.batched(), self.doorbell)
        return Context(
            cases=PostgresCaseStore(self.pool),
            list=PostgresCaseList(self.list_pool),
            lists=self.lists,
            dealers=self.dealers,
            submitter=submitter,
            category_types=types,
            clock=self.clock,
            stopping=self.stopping,
            rate_limits=RateLimits(
                self.settings.rate_limit_client_per_minute, self.settings.rate_limit_dealer_per_minute
            ),
            request_seconds=self.settings.request_timeout_seconds,
            body_seconds=self.settings.body_timeout_seconds,
            streams=self.streams,
            keep_alive_seconds=self.settings.live_keep_alive_seconds,
        )

    def retention(self) -> Retention:
        """What is kept for a configured time only."""
        package, settings = "case_api.postgres", self.settings
        emptied, deleted = (load_sql(package, name) for name in ("empty_submissions", "delete_idempotency_keys"))
        rules = (
            Rule("submissions", emptied, settings.retention_payload_days),
            Rule("idempotency_keys", deleted, settings.retention_idempotency_key_days),
        )
        return Retention(self.pool, rules, self.heartbeats)

    def start(self) -> list[asyncio.Task[None]]:
        """Start the loops; they end when `stopping` is set."""
        loops = {
            "keys": self.verifier.keep_keys(self.stopping),
            "relay": self.leadership.run(self._lead, self.stopping),
            "consumers": self.consumers.run(self.stopping),
            "live": self._read_live(),
            "streams": self.streams.end_with(self.stopping),
            "retention": self._leadership(RETENTION).run(self.retention().lead, self.stopping),
            "dealers": self._loop("dealers", self.dealers.refresh, REFRESH_SECONDS),
            "measures": self._loop("measures", self.relay.measure, _MEASURE_SECONDS),
        }
        return start(loops)

    def _leadership(self, name: str) -> Leadership:
        return Leadership(self.pool, self.clock, self.heartbeats, name)

    async def _lead(self, lease: Lease, _stopping: asyncio.Event) -> None:
        """What only one process does: publish the outbox, and send again what was not heard of."""

        async def publish() -> bool:
            return await self.relay.turn(lease)

        try:
            await asyncio.gather(
                self._loop("outbox", publish, self.settings.relay_poll_seconds, self.doorbell),
                self._loop("resend", self.resender.turn, EVERY_SECONDS),
            )
        finally:
            await self.relay.close()

    async def _read_live(self) -> None:
        try:
            await self._loop("live", self.live.turn, 0)
        finally:
            await self.live.close()

    async def _loop(
        self, name: str, turn: Callable[[], Awaitable[bool]], seconds: float, doorbell: Doorbell | None = None
    ) -> None:
        await run_loop(
            name,
            turn,
            every_seconds=seconds,
            stopping=self.stopping,
            heartbeats=self.heartbeats,
            doorbell=doorbell,
        )

    async def database_answers(self) -> bool:
        """For /readyz: the database answers."""
        return bool(await self.pool.fetchval("SELECT true"))

    async def relay_reaches_kafka(self) -> bool:
        """For /readyz, told but not decisive: submissions are taken while Kafka is away."""
        return self.relay.healthy

    async def consumers_flow(self) -> bool:
        """For /readyz, told but not decisive."""
        return self.consumers.flowing

    async def live_reaches_kafka(self) -> bool:
        """For /readyz, told but not decisive: streams stay open, and go on where they were."""
        return self.live.healthy


def build_app(settings: Settings | None) -> FastAPI:
    """The application; without `settings` only its document can be had."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        assert settings is not None
        async with running(settings) as started:
            app.state.token_verifier = started.verifier
            app.state.context = started.context()
            app.state.stop = started.stopping.set
            checks = {"database": started.database_answers}
            told = {
                "relay": started.relay_reaches_kafka,
                "consumers": started.consumers_flow,
                "live": started.live_reaches_kafka,
            }
            app.include_router(health_routes(started.heartbeats, checks, told))
            yield

    routers = [part.router for part in (stream, case_list, cases, submissions, lists)]  # /stream before /{web_case_id}
    app = create_app("Casebridge case API", DESCRIPTION, lifespan, settings, routers)
    install_wording(app)
    install_openapi(app, CONTRACT)
    return app


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """Run the service's loops for the block; at its end they finish what they have in hand."""
    async with AsyncExitStack() as stack:
        pool = await service.open_pool(settings, service="case-api")
        stack.push_async_callback(close_pool, pool)
        options = connection_settings(settings.list_timeout_seconds)
        list_pool = await service.open_pool(settings, service="case-api", size=settings.list_pool_size, options=options)
        stack.push_async_callback(close_pool, list_pool)
        clock = SystemClock()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        started = Service(settings, pool, list_pool, session, clock, Heartbeats(clock))
        tasks = started.start()
        try:
            yield started
        finally:
            await finish(started.stopping, tasks, within_seconds=_DRAIN_SECONDS)
