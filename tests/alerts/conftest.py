"""The system of `make chaos` with two replicas of the portal, watched by Prometheus."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from casebridge.ports import free_ports
from tests.alerts.prometheus import Prometheus
from tests.chaos.replicas import OURS
from tests.chaos.world import World, running
from tests.support.eventually import eventually
from tests.support.portal import DEALER, Portal, portal
from tests.upgrade.fleet import Fleet, fleet

SERVICES = ("case-api", "d365-sync", "status-sync", "portal-web")
_TOKEN = "prometheus-alone-knows-42"


@dataclass(frozen=True)
class Watched:
    """The system, its replicas, a dealer's portal, and Prometheus."""

    world: World
    fleet: Fleet
    portal: Portal
    prometheus: Prometheus

    def names(self, kind: str) -> list[str]:
        """The replicas of a service."""
        return self.fleet.names(kind)

    def scrape(self, *, without: str = "", more: str = "") -> None:
        """Let Prometheus scrape every replica, but those of one service, and one replica more of d365-sync."""
        ports = {**self.world.plan.ports, **self.fleet.portals}
        targets = {kind: [ports[name] for name in self.names(kind)] for kind in SERVICES if kind != without}
        if more:
            targets["d365-sync"].append(ports[more])
        self.prometheus.scrape(targets)


@pytest_asyncio.fixture(scope="session")
async def watched(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Watched]:
    """Everything runs, Prometheus scrapes all, and no alert waits for anything any more."""
    folder = tmp_path_factory.mktemp("prometheus")
    async with (
        running(tmp_path_factory.mktemp("world"), {"METRICS_TOKEN": _TOKEN}) as world,
        fleet(world, OURS) as replicas,
        portal(world.token("dora", DEALER), *world.case_api_urls) as dealer,
    ):
        prometheus = Prometheus(folder, free_ports(1)[0], world.session)
        found = Watched(world, replicas, dealer, prometheus)
        found.scrape()
        server = world.parts.add("prometheus", "prometheus", prometheus.program(_TOKEN), folder)
        server.start()
        await server.ready(30)
        await eventually(prometheus.scraped, lambda jobs: jobs == set(SERVICES), within_seconds=30)
        # Until the ledger is added up for the first time.
        await eventually(prometheus.firing, lambda alerts: not alerts, within_seconds=120)
        yield found
