"""The composition root: what case-api consists of, and how it starts and stops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import structlog
from fastapi import FastAPI

from case_api.app.know_dealers import REFRESH_SECONDS, DealerDirectory
from case_api.app.live_streams import Limits, LiveStreams
from case_api.app.recent_records import RecentRecords
from case_api.app.resend_submissions import EVERY_SECONDS, Resender
from case_api.app.submit_case import Submitter
from case_api.consumers import DeliveryConsumer
from case_api.live import LiveReader
from case_api.postgres.case_list import PostgresCaseList, connection_settings, settings_statement
from case_api.postgres.case_store import PostgresCaseStore
from case_api.postgres.delivery_store import PostgresResendStore, Resends
from case_api.postgres.list_store import PostgresListStore
from case_api.postgres.live_store import PostgresLiveStore
from case_api.postgres.outbox import OUTBOX
from case_api.postgres.statements import Statement
from case_api.postgres.submit_store import PostgresSubmitStore
from case_api.settings import Settings
from case_api.web import case_list, cases, lists, stream, submissions
from case_api.web.context import Context
from case_api.web.openapi import CONTRACT
from case_api.web.problems import WORDING
from case_shared.database import progress
from case_shared.database.leadership import Leadership, Lease
from case_shared.database.postgres import Pool, close_pool, takes_writes
from case_shared.database.progress import Progress, expected
from case_shared.database.retention import LEASE_NAME as RETENTION
from case_shared.database.retention import Retention, Rule
from case_shared.kafka.consumers import Consumers
from case_shared.kafka.outbox import LEASE_NAME as OUTBOX_LEASE
from case_shared.kafka.outbox import OutboxPublisher, sender_for
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loop_delay import measure_loop_delay
from case_shared.process.loops import WakeUp, finish, run_loop, start
from case_shared.process.settings import Pooler
from case_shared.web import service
from case_shared.web.auth import TokenVerifier
from case_shared.web.cursors import Cursors, shared_key
from case_shared.web.health import health_routes
from case_shared.web.http import create_app
from case_shared.web.limits import RateLimits
from case_shared.web.openapi import install_openapi
from case_shared.web.problems import install_wording
from case_shared.words.category_types import CategoryTypes

log = structlog.get_logger(__name__)
DESCRIPTION = "Dealers' service cases: drafts, submission to D365, the list, and the history of each case."
_DRAIN_SECONDS = 8.0
_MEASURE_SECONDS = 5.0


@dataclass
class Service:
    """One running case-api, from the opening of its pools to their end."""

    settings: Settings
    pool: Pool
    list_pool: Pool
    session: aiohttp.ClientSession
    clock: SystemClock
    heartbeats: Heartbeats
    cursors: Cursors = field(default_factory=Cursors)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    wake_up: WakeUp = field(default_factory=WakeUp)

    def __post_init__(self) -> None:
        settings = self.settings
        self.verifier = TokenVerifier(settings, self.session, self.clock)
        resends = Resends(settings.resend_first_seconds, settings.resend_longest_seconds)
        self.lists = PostgresListStore(self.pool)
        self.dealers = DealerDirectory(self.lists, self.clock)
        self.sender = sender_for(settings, "case-api")
        self.publisher = OutboxPublisher(self.pool, OUTBOX, self.sender, settings.outbox_batch_size)
        self.resender = Resender(PostgresResendStore(self.pool, resends), self.wake_up)
        self.consumers = Consumers(
            settings,
            [DeliveryConsumer(self.pool, resends).subscription()],
            client_id="case-api",
            heartbeats=self.heartbeats,
        )
        self.streams = self._streams()
        self.live = LiveReader(settings, self.streams, self.clock.monotonic)
        self.leadership = self._leadership(OUTBOX_LEASE)
        self.progress = Progress(self.pool, self.heartbeats, expected("case-api"))

    def _streams(self) -> LiveStreams:
        settings = self.settings
        limits = Limits(
            settings.live_max_streams,
            settings.live_max_streams_per_user,
            settings.live_max_streams_per_dealer,
            settings.live_waiting_bytes,
        )
        recent = RecentRecords(settings.live_held_records, settings.live_held_seconds)
        return LiveStreams(PostgresLiveStore(self.pool), stream.case_event, recent, limits, self.clock)

    def context(self) -> Context:
        """Return what the routes work with."""
        types = CategoryTypes.parse(self.settings.d365_category_types)
        submissions = PostgresSubmitStore(self.pool, types, self.settings.resend_first_seconds)
        submitter = Submitter(submissions.batched(), self.wake_up)
        return Context(
            cases=PostgresCaseStore(self.pool),
            list=self._list(),
            lists=self.lists,
            dealers=self.dealers,
            submitter=submitter,
            category_types=types,
            clock=self.clock,
            stopping=self.stopping,
            request_seconds=self.settings.request_timeout_seconds,
            streams=self.streams,
            cursors=self.cursors,
            keep_alive_seconds=self.settings.live_keep_alive_seconds,
        )

    def _list(self) -> PostgresCaseList:
        pooled = self.settings.database_pooler is not Pooler.NONE
        first = settings_statement(connection_settings(self.settings.list_timeout_seconds)) if pooled else ""
        return PostgresCaseList(self.list_pool, first)

    def retention(self) -> Retention:
        """Return the removal of what is kept only for a configured time."""
        settings = self.settings
        rules = (
            ("submissions", Statement.EMPTY_SUBMISSIONS, settings.retention_payload_days),
            ("idempotency_keys", Statement.DELETE_IDEMPOTENCY_KEYS, settings.retention_idempotency_key_days),
        )
        loaded = [Rule(what, statement.text, days) for what, statement, days in rules]
        return Retention(self.pool, loaded, self.heartbeats, settings.retention_sweep_seconds)

    def start(self) -> list[asyncio.Task[None]]:
        """Start the loops; they end when `stopping` is set."""
        loops = {
            "keys": self.verifier.keep_keys(self.stopping),
            "loop_delay": measure_loop_delay(self.stopping),
            "outbox": self.leadership.run(self._lead, self.stopping),
            "consumers": self.consumers.run(self.stopping),
            "live": self._read_live(),
            "streams": self.streams.end_with(self.stopping),
            "retention": self._leadership(RETENTION).run(self.retention().lead, self.stopping),
            "dealers": self._loop("dealers", self.dealers.refresh, REFRESH_SECONDS),
            "progress": self._loop("progress", self.progress.turn, progress.EVERY_SECONDS),
            "measures": self._loop("measures", self.publisher.measure, _MEASURE_SECONDS),
        }
        return start(loops)

    def _leadership(self, name: str) -> Leadership:
        return Leadership(self.pool, self.clock, self.heartbeats, name)

    async def _lead(self, lease: Lease, _stopping: asyncio.Event) -> None:
        """Do what only one process may: publish the outbox, and resend submissions that got no response."""

        async def publish() -> bool:
            return await self.publisher.turn(lease)

        try:
            await asyncio.gather(
                self._loop("outbox", publish, self.settings.outbox_poll_seconds, self.wake_up),
                self._loop("resend", self.resender.turn, EVERY_SECONDS),
            )
        finally:
            await self.sender.close()

    async def _read_live(self) -> None:
        try:
            await self._loop("live", self.live.turn, 0)
        finally:
            await self.live.close()

    async def _loop(
        self, name: str, turn: Callable[[], Awaitable[bool]], seconds: float, wake_up: WakeUp | None = None
    ) -> None:
        await run_loop(
            name,
            turn,
            every_seconds=seconds,
            stopping=self.stopping,
            heartbeats=self.heartbeats,
            wake_up=wake_up,
        )

    async def database_answers(self) -> bool:
        """Return whether the database answers and takes changes, for /readyz."""
        return await takes_writes(self.pool)

    async def outbox_reaches_kafka(self) -> bool:
        """For /readyz, which only shows it: submissions are accepted while Kafka is away."""
        return self.sender.reaches_kafka

    async def live_reaches_kafka(self) -> bool:
        """For /readyz, which only shows it: streams stay open, and resume where they were."""
        return self.live.healthy


def build_app(settings: Settings | None) -> FastAPI:
    """Build the application; without `settings` only its document is available."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        assert settings is not None
        async with running(settings) as started:
            app.state.token_verifier = started.verifier
            app.state.rate_limits = RateLimits(
                settings.rate_limit_user_per_minute,
                settings.rate_limit_client_per_minute,
                settings.rate_limit_dealer_per_minute,
            )
            app.state.context = started.context()
            app.state.stop = started.stopping.set
            checks = {
                "database": started.database_answers,
                "consumers": started.consumers.ready,
                "live_reader": started.live.ready,
            }
            shown = {
                "outbox": started.outbox_reaches_kafka,
                "flow": started.consumers.flow,
                "live": started.live_reaches_kafka,
                "progress": started.progress.moves,
            }
            app.include_router(health_routes(started.heartbeats, checks, shown, metrics_token=settings.metrics_token))
            yield

    # `/stream` before `/{web_case_id}`; what is called most comes early, because FastAPI tries one after the other.
    routers = [part.router for part in (stream, cases, case_list, submissions, lists)]
    app = create_app("Casebridge case API", DESCRIPTION, lifespan, settings, routers)
    install_wording(app, WORDING)
    install_openapi(app, CONTRACT)
    return app


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """Run the service's loops for the block; at its end they finish what they have started."""
    async with AsyncExitStack() as stack:
        pool = await service.open_pool(settings, service="case-api")
        stack.push_async_callback(close_pool, pool)
        direct = settings.database_pooler is Pooler.NONE
        options = connection_settings(settings.list_timeout_seconds) if direct else None
        size = settings.list_pool_size
        list_pool = await service.open_pool(settings, service="case-api", purpose="list", size=size, options=options)
        stack.push_async_callback(close_pool, list_pool)
        clock = SystemClock()
        session = await stack.enter_async_context(aiohttp.ClientSession())
        cursors = Cursors(await shared_key(pool))
        started = Service(settings, pool, list_pool, session, clock, Heartbeats(clock), cursors)
        tasks = started.start()
        try:
            yield started
        finally:
            await finish(started.stopping, tasks, within_seconds=_DRAIN_SECONDS)
