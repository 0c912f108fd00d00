"""The composition root: what status-sync is made of, and how it starts and stops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI

from case_shared.category_types import CategoryTypes
from case_shared.clock import SystemClock
from case_shared.d365.client import D365Client
from case_shared.d365.mapping import Mapping
from case_shared.d365.session import open_client
from case_shared.events import CaseStatus
from case_shared.health import Heartbeats, health_routes
from case_shared.http import create_app
from case_shared.kafka import Consumers, create_producer
from case_shared.leadership import Leadership, Lease
from case_shared.loops import Doorbell, finish, run_loop, start
from case_shared.openapi import install_openapi
from case_shared.postgres import Pool, close_pool
from case_shared.service import open_pool
from case_shared.topics import CASE_DELIVERY, topic_name
from status_sync.app.apply_read import ApplyRead
from status_sync.app.note_deliveries import NoteDeliveries
from status_sync.app.note_events import NoteEvents
from status_sync.app.read_due_cases import ReadDueCases
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
from status_sync.postgres.due_reads import DueReadStore
from status_sync.postgres.outbox import OutboxStore
from status_sync.postgres.progress import ProgressStore
from status_sync.postgres.registry import RegistryStore
from status_sync.relay import Message, Publisher, Relay
from status_sync.settings import Settings
from status_sync.web.events import event_routes
from status_sync.web.openapi import CONTRACT

log = structlog.get_logger(__name__)
DESCRIPTION = "Takes D365's business events, and brings D365's status into the read model."
_DRAIN_SECONDS = 6.0
_RELAY_SECONDS = 0.5
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
    due: Doorbell = field(default_factory=Doorbell)
    changed: Doorbell = field(default_factory=Doorbell)

    def __post_init__(self) -> None:
        self.cases = CaseStore()
        self.due_reads = DueReadStore(self.pool)
        self.progress = ProgressStore(self.pool)
        self.outbox = OutboxStore(self.pool)
        self.consumers = self._consumers()
        # Two producers: a failure of one does not take the other's records with it.
        self.events_publisher = self._publisher("events")
        self.relay_publisher = self._publisher("relay")

    def start(self) -> list[asyncio.Task[None]]:
        """Start everything that runs beside the requests."""
        poller = self.poller()
        loops = {
            "poller": self._leadership("poller").run(poller.lead, self.stopping),
            "relay": self._leadership("relay").run(self._relay, self.stopping),
            "consumers": self.consumers.run(self.stopping),
            "measures": self._loop("measures", Backlogs(self.progress).turn, _MEASURE_SECONDS, Doorbell()),
        }
        return start(loops)

    def poller(self) -> Poller:
        """What only one process does: read D365."""
        timeout, apply_read = self.settings.d365_timeout_seconds, self.apply_read()
        beat_poller, beat_reader = (lambda: self.heartbeats.beat("poller")), (lambda: self.heartbeats.beat("reader"))
        choices = SyncChoices(RegistryStore(self.pool), self.d365, timeout, beat_poller)
        return Poller(
            read_due_cases=ReadDueCases(self.due_reads, self.d365, apply_read, timeout, beat_reader, self.clock).handle,
            steps=(
                ("dealers", SyncDealers(self.pool, RegistryStore(self.pool), self.d365, timeout, beat_poller).handle),
                ("categories", choices.categories),
                ("priorities", choices.priorities),
                ("cases", Reconcile(self.progress, self.d365, apply_read, timeout, beat_poller).handle),
                ("sweep", Sweep(self.due_reads, self._symbols_at_an_end()).handle),
            ),
            poll_seconds=self.settings.d365_poll_seconds,
            timeout_seconds=timeout,
            clock=self.clock,
            heartbeats=self.heartbeats,
            doorbell=self.due,
            patience=Patience(self.clock),
        )

    def apply_read(self) -> ApplyRead:
        """How what was read gets into the read model."""
        category_types = CategoryTypes.parse(self.settings.d365_category_types)
        rules = Rules(category_types, by_submission_id=self.mapping.has_submission_id)
        return ApplyRead(
            self.pool, self.cases, self.due_reads, self.outbox, self.mapping, rules, self.clock, self.changed
        )

    def receive_events(self) -> ReceiveEvents:
        """How events that come over HTTPS get into the inbound topic."""
        topic = topic_name(self.settings, self.settings.d365_events_topic)

        async def send(values: Sequence[bytes]) -> None:
            await self.events_publisher.send([Message(topic, None, value, []) for value in values])

        return ReceiveEvents(send)

    async def close(self) -> None:
        """Let the producers go."""
        await asyncio.gather(self.events_publisher.close(), self.relay_publisher.close())

    async def database_answers(self) -> bool:
        """For /readyz."""
        return bool(await self.pool.fetchval("SELECT true"))

    async def consumers_flow(self) -> bool:
        """For /readyz, told but not decisive."""
        return self.consumers.flowing

    async def _relay(self, lease: Lease, _stopping: asyncio.Event) -> None:
        relay = Relay(self.outbox, self.relay_publisher, lambda name: topic_name(self.settings, name))
        await self._loop("relay", lambda: relay.turn(lease), _RELAY_SECONDS, self.changed)

    def _symbols_at_an_end(self) -> list[str]:
        ended = (CaseStatus.CLOSED, CaseStatus.CANCELED)
        return [symbol for symbol, status in self.mapping.status.items() if status in ended]

    def _consumers(self) -> Consumers:
        events_topic = self.settings.d365_events_topic
        events = NoteEvents(self.pool, self.due_reads, Recognition(self.mapping), group_of(events_topic), self.due)
        deliveries = NoteDeliveries(self.pool, self.cases, self.due_reads, group_of(CASE_DELIVERY), self.due)
        return Consumers(
            self.settings,
            subscriptions(events_topic, events.handle, deliveries.handle),
            client_id=SERVICE,
            heartbeats=self.heartbeats,
        )

    def _publisher(self, name: str) -> Publisher:
        return Publisher(lambda: create_producer(self.settings, client_id=f"{SERVICE}-{name}"))

    def _leadership(self, name: str) -> Leadership:
        return Leadership(self.pool, self.clock, self.heartbeats, name)

    async def _loop(self, name: str, turn: Callable[[], Awaitable[bool]], seconds: float, bell: Doorbell) -> None:
        await run_loop(
            name, turn, every_seconds=seconds, stopping=self.stopping, heartbeats=self.heartbeats, doorbell=bell
        )


def build_app(settings: Settings) -> FastAPI:
    """The application."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings) as service:
            app.state.receive_events = service.receive_events()
            app.state.stop = service.stopping.set
            checks = {"database": service.database_answers}
            told = {"consumers": service.consumers_flow}
            app.include_router(health_routes(service.heartbeats, checks, told))
            yield

    return _app(lifespan, settings)


def _app(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]], settings: Settings | None) -> FastAPI:
    routes = event_routes(settings.d365_events_secret if settings else None)
    app = create_app("Casebridge status sync", DESCRIPTION, lifespan, settings, [routes])
    install_openapi(app, CONTRACT)
    return app


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    """Run the service's loops for the block; at its end they finish what they have in hand."""
    async with AsyncExitStack() as stack:
        pool = await open_pool(settings, service=SERVICE)
        stack.push_async_callback(close_pool, pool)
        clock, mapping = SystemClock(), settings.mapping
        d365 = await stack.enter_async_context(open_client(settings, mapping, clock, limit=_CONNECTIONS))
        service = Service(settings, mapping, pool, d365, clock, Heartbeats(clock))
        stack.push_async_callback(service.close)
        tasks = service.start()
        try:
            yield service
        finally:
            await finish(service.stopping, tasks, within_seconds=_DRAIN_SECONDS)


def openapi() -> dict[str, Any]:
    """The OpenAPI document, as it is committed in docs/openapi."""

    @asynccontextmanager
    async def never(_app: FastAPI) -> AsyncIterator[None]:
        yield

    return _app(never, None).openapi()
