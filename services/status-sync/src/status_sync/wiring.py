"""The composition root: what status-sync consists of, and how it starts and stops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI

from case_shared.d365.chain_memory import PostgresChainMemory
from case_shared.d365.client import D365Client
from case_shared.d365.mapping import Mapping
from case_shared.d365.session import open_client
from case_shared.database import progress
from case_shared.database.leadership import Leadership, Lease
from case_shared.database.postgres import Pool, close_pool, takes_writes
from case_shared.database.progress import Progress, expected
from case_shared.kafka.connection import create_producer
from case_shared.kafka.consumers import Consumers
from case_shared.kafka.outbox import LEASE_NAME as OUTBOX_LEASE
from case_shared.kafka.outbox import OutboxPublisher, sender_for
from case_shared.kafka.producing import Sender
from case_shared.kafka.topics import CASE_DELIVERY, topic_name
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loop_delay import measure_loop_delay
from case_shared.process.loops import WakeUp, finish, run_loop, start
from case_shared.process.telemetry import current_traceparent
from case_shared.web.health import health_routes
from case_shared.web.http import create_app
from case_shared.web.limits import Limit
from case_shared.web.openapi import install_openapi
from case_shared.web.service import open_pool
from case_shared.words.category_types import CategoryTypes
from case_shared.words.events import CaseStatus, Record
from status_sync.app.announce_changes import AnnounceChanges
from status_sync.app.apply_read import ApplyRead
from status_sync.app.count_unknown_statuses import CountUnknownStatuses
from status_sync.app.doubt_environment import DoubtEnvironment
from status_sync.app.find_absent import FindAbsent
from status_sync.app.follow_clock import FollowClock
from status_sync.app.follow_rules import FollowRules, rules_of
from status_sync.app.forget_lost import ForgetLost
from status_sync.app.link_delivered import LinkDelivered
from status_sync.app.look_for_known_cases import LookForKnownCases
from status_sync.app.make_up_deliveries import MakeUpDeliveries
from status_sync.app.note_deliveries import NoteDeliveries
from status_sync.app.note_events import NoteEvents
from status_sync.app.read_due_cases import ReadDueCases
from status_sync.app.read_list import ReadList
from status_sync.app.read_restored import ReadRestored
from status_sync.app.receive_events import ReceiveEvents
from status_sync.app.reconcile import Reconcile
from status_sync.app.sweep import Sweep
from status_sync.app.sync_choices import SyncChoices
from status_sync.app.sync_dealers import SyncDealers
from status_sync.consumers import SERVICE, group_of, subscriptions
from status_sync.domain.placement import Rules
from status_sync.domain.recognition import Recognition
from status_sync.metrics import Backlogs
from status_sync.poller import Patience, Poller
from status_sync.postgres.cases import CaseStore
from status_sync.postgres.doubts import DoubtStore
from status_sync.postgres.due_reads import DueReadStore
from status_sync.postgres.event_notes import EventNoteStore
from status_sync.postgres.outbox import OUTBOX, OutboxStore
from status_sync.postgres.progress import ProgressStore
from status_sync.postgres.registry import IncomingStore, RegistryStore
from status_sync.settings import Settings
from status_sync.web.events import EventLimits, event_routes
from status_sync.web.openapi import CONTRACT

log = structlog.get_logger(__name__)
DESCRIPTION = "Receives D365's business events, and updates cases with their status in D365."
_DRAIN_SECONDS = 6.0
_OUTBOX_SECONDS = 0.5
_MEASURE_SECONDS = 5.0
_CONNECTIONS = 4


@dataclass
class Service:
    """One running status-sync; `start` starts its loops, which end when `stopping` is set."""

    settings: Settings
    mapping: Mapping
    pool: Pool
    d365: D365Client
    clock: SystemClock
    heartbeats: Heartbeats
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    due: WakeUp = field(default_factory=WakeUp)
    changed: WakeUp = field(default_factory=WakeUp)

    def __post_init__(self) -> None:
        self.cases = CaseStore()
        self.due_reads = DueReadStore(self.pool)
        announce = AnnounceChanges(OutboxStore(), self.clock)
        self.link_delivered = LinkDelivered(self.cases, announce)
        self.forget_lost = ForgetLost(self.cases, announce)
        self.known_cases = DoubtStore(self.pool)
        self.doubts = DoubtEnvironment(self.pool, self.known_cases)
        self.progress = ProgressStore(self.pool)
        self.inbound = self.settings.inbound
        self.consumers = self._consumers()
        # A poll that is configured to run rarely is not late before it is due.
        step_seconds = max(self.settings.d365_step_alarm_seconds, 3 * self.settings.d365_poll_seconds)
        moving = expected(SERVICE, step_seconds=step_seconds, first_step_seconds=self.settings.d365_step_alarm_seconds)
        self.moving = Progress(self.pool, self.heartbeats, moving)
        # Two producers: a failure of one does not affect the other's records.
        self.events_sender = Sender(lambda: create_producer(self.inbound.kafka, client_id=f"{SERVICE}-events"))
        self.outbox_sender = sender_for(self.settings, SERVICE)
        self.publisher = OutboxPublisher(self.pool, OUTBOX, self.outbox_sender)

    def start(self) -> list[asyncio.Task[None]]:
        """Start everything that runs besides the requests."""
        poller = self.poller()
        loops = {
            "loop_delay": measure_loop_delay(self.stopping),
            "poller": self._leadership("poller").run(poller.lead, self.stopping),
            "outbox": self._leadership(OUTBOX_LEASE).run(self._publish, self.stopping),
            "consumers": self.consumers.run(self.stopping),
            "progress": self._loop("progress", self.moving.turn, progress.EVERY_SECONDS, WakeUp()),
            "measures": self._loop("measures", Backlogs(self.progress).turn, _MEASURE_SECONDS, WakeUp()),
            "outbox_measures": self._loop("outbox_measures", self.publisher.measure, _MEASURE_SECONDS, WakeUp()),
        }
        return start(loops)

    def poller(self) -> Poller:
        """Return what only one process may do: read D365."""
        timeout, apply_read = self.settings.d365_timeout_seconds, self.apply_read()
        beat_poller, beat_reader = (lambda: self.heartbeats.beat("poller")), (lambda: self.heartbeats.beat("reader"))
        registry = RegistryStore(self.pool, self.mapping.priorities.order)
        read_list = ReadList(IncomingStore(self.pool), beat_poller)
        choices = SyncChoices(registry, read_list, self.d365, self.mapping, timeout)
        filtered = bool(self.mapping.customers.filter)
        dealers = SyncDealers(self.pool, registry, read_list, self.d365, timeout, filtered)
        sweep = Sweep(self.due_reads, self._symbols_at_an_end())
        make_up = MakeUpDeliveries(
            self.pool, self.progress, self.cases, self.link_delivered, self.forget_lost, self.due_reads
        )
        return Poller(
            read_due_cases=ReadDueCases(
                self.due_reads,
                self.d365,
                apply_read,
                timeout,
                beat_reader,
                self.clock,
                find_absent=FindAbsent(self.due_reads, self.d365, apply_read, timeout, self.doubts),
            ).handle,
            steps=(
                ("dealers", dealers.handle),
                ("categories", choices.categories),
                ("priorities", choices.priorities),
                ("cases", Reconcile(self.progress, self.d365, apply_read, timeout, beat_poller, self.due_reads).handle),
                ("sweep", sweep.handle),
                ("restored", ReadRestored(self.due_reads).handle),
                ("controls", LookForKnownCases(self.known_cases).handle),
            ),
            poll_seconds=self.settings.d365_poll_seconds,
            timeout_seconds=timeout,
            clock=self.clock,
            heartbeats=self.heartbeats,
            wake_up=self.due,
            patience=Patience(self.clock),
            follow_rules=FollowRules(self.progress, rules_of(self.mapping, self._category_types())).handle,
            upkeep=(
                FollowClock(self.progress).handle,
                make_up.handle,
                CountUnknownStatuses(self.progress, [one.lower() for one in self.mapping.status]).handle,
            ),
        )

    def apply_read(self) -> ApplyRead:
        """Return what applies reads to the read model."""
        rules = Rules(self._category_types(), by_submission_id=self.mapping.has_submission_id)
        return ApplyRead(
            self.pool,
            self.cases,
            self.due_reads,
            OutboxStore(),
            self.mapping,
            rules,
            self.clock,
            self.changed,
            self.doubts,
        )

    def receive_events(self) -> ReceiveEvents:
        """Return what puts events that come over HTTPS into the inbound topic."""
        topic = topic_name(self.inbound.kafka, self.inbound.topic)

        async def send(values: Sequence[bytes]) -> None:
            traceparent = current_traceparent()
            await self.events_sender.send([Record(topic, None, value, []).traced(traceparent) for value in values])

        return ReceiveEvents(send)

    async def close(self) -> None:
        """Close the producers."""
        await asyncio.gather(self.events_sender.close(), self.outbox_sender.close())

    async def database_answers(self) -> bool:
        """Return whether the database answers and takes changes, for /readyz."""
        return await takes_writes(self.pool)

    async def _publish(self, lease: Lease, _stopping: asyncio.Event) -> None:
        await self._loop("outbox", lambda: self.publisher.turn(lease), _OUTBOX_SECONDS, self.changed)

    def _category_types(self) -> CategoryTypes:
        return CategoryTypes.parse(self.settings.d365_category_types)

    def _symbols_at_an_end(self) -> dict[str, CaseStatus]:
        ended = (CaseStatus.CLOSED, CaseStatus.CANCELED)
        return {symbol.lower(): status for symbol, status in self.mapping.status.items() if status in ended}

    def _consumers(self) -> Consumers:
        # Behind a proxy D365_URL differs from D365's own name, which is then in the scope.
        recognition = Recognition(self.mapping, (self.settings.d365_url, self.settings.d365_scope or ""))
        group = group_of(self.inbound.topic)
        events = NoteEvents(self.pool, self.due_reads, EventNoteStore(), recognition, group, self.due, self.clock)
        parts = (self.cases, self.forget_lost, self.link_delivered, self.due_reads)
        deliveries = NoteDeliveries(self.pool, *parts, group_of(CASE_DELIVERY), self.due)
        return Consumers(
            self.settings,
            subscriptions(self.inbound, events.handle, deliveries.handle),
            client_id=SERVICE,
            heartbeats=self.heartbeats,
        )

    def _leadership(self, name: str) -> Leadership:
        return Leadership(self.pool, self.clock, self.heartbeats, name)

    async def _loop(self, name: str, turn: Callable[[], Awaitable[bool]], seconds: float, wake_up: WakeUp) -> None:
        await run_loop(
            name, turn, every_seconds=seconds, stopping=self.stopping, heartbeats=self.heartbeats, wake_up=wake_up
        )


def build_app(settings: Settings) -> FastAPI:
    """Build the application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings) as service:
            app.state.receive_events = service.receive_events()
            app.state.stop = service.stopping.set
            checks = {"database": service.database_answers, "consumers": service.consumers.ready}
            shown = {"flow": service.consumers.flow, "progress": service.moving.moves}
            app.include_router(health_routes(service.heartbeats, checks, shown, metrics_token=settings.metrics_token))
            yield

    return _app(lifespan, settings)


def _app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]], settings: Settings | None) -> FastAPI:
    secret = settings.d365_events_secret if settings else None
    limits = EventLimits()
    if settings:
        limits = EventLimits(
            Limit("secret", settings.rate_limit_events_per_minute),
            Limit("address", settings.rate_limit_address_per_minute),
            settings.rate_limit_events_per_minute,
        )
    routes = event_routes(secret, limits)
    app = create_app("Casebridge status sync", DESCRIPTION, lifespan, settings, [routes])
    install_openapi(app, CONTRACT)
    return app


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """Run the service's loops for the block; at its end they finish what they have started."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings, service=SERVICE)
        stack.push_async_callback(close_pool, pool)
        clock, mapping = SystemClock(), settings.mapping
        await RegistryStore(pool).store_lengths(mapping.lengths)
        memory = PostgresChainMemory(pool, settings.d365_url)
        d365 = await stack.enter_async_context(open_client(settings, mapping, clock, limit=_CONNECTIONS, memory=memory))
        service = Service(settings, mapping, pool, d365, clock, Heartbeats(clock))
        stack.push_async_callback(service.close)
        tasks = service.start()
        try:
            yield service
        finally:
            await finish(service.stopping, tasks, within_seconds=_DRAIN_SECONDS)


def openapi() -> dict[str, Any]:
    """Return the OpenAPI document, as committed in docs/openapi."""

    @asynccontextmanager
    async def never(_app: FastAPI) -> AsyncIterator[None]:
        yield

    return _app(never, None).openapi()
