"""The world's replicas, and two of portal-web behind a load balancer, each of which can be given another release."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from casebridge import parts
from casebridge.ports import HOST, free_ports
from casebridge.program import Program
from tests.chaos.links import Link
from tests.chaos.replicas import Release, at_port, replica
from tests.chaos.world import REPLICAS, World
from tests.support.patience import PATIENCE

_PORTALS = 2
# So long a load balancer takes to notice that a replica is to get no more requests.
_TAKEN_OUT_SECONDS = 1.0
_READY_SECONDS = 60 * PATIENCE


@dataclass
class Balancer(Link):
    """A load balancer: each connection goes to the next replica that serves."""

    ports: Callable[[], Sequence[int]] = tuple
    _turn: Iterator[int] = field(default_factory=itertools.count)

    def next_target(self) -> int:
        """The port of the next one."""
        serving = self.ports()
        return serving[next(self._turn) % len(serving)]


@dataclass
class Fleet:
    """All replicas; `ends` are those that did not end cleanly."""

    world: World
    portals: dict[str, int]
    balancers: dict[str, Balancer] = field(default_factory=dict)
    ends: list[str] = field(default_factory=list)

    @property
    def portal_url(self) -> str:
        """The portal as browsers reach it."""
        return self._through("portal-web")

    def names(self, kind: str) -> list[str]:
        """The replicas of a service, whether they serve or not."""
        return list(self.portals) if kind == "portal-web" else [f"{kind}-{n + 1}" for n in range(REPLICAS[kind])]

    async def move(self, release: Release, *kinds: str, first: bool) -> float:
        """Give the first replica of each of these services the release, or all others; returns the seconds."""
        began = time.monotonic()
        for kind in kinds:
            for name in self.names(kind)[:1] if first else self.names(kind)[1:]:
                await self._replace(name, release)
        return time.monotonic() - began

    async def _replace(self, name: str, release: Release) -> None:
        part = self.world.parts.by_name[name]
        self.world.resting.add(name)
        await asyncio.sleep(_TAKEN_OUT_SECONDS)
        code = await part.stop()
        if code:
            self.ends.append(f"{name} ended with {code}, before {release.name}")
        part.program = self.program(name, release)
        part.start()
        await part.ready(_READY_SECONDS)
        self.world.resting.discard(name)

    def program(self, name: str, release: Release) -> Program:
        """A replica of this release."""
        if name not in self.portals:
            return replica(self.world.plan, self.world.links, name, release)
        settings = parts.service_settings(self.world.plan, "portal-web") | {
            "PUBLIC_URL": self.portal_url,
            "CASE_API_URL": self._through("case-api"),
            "D365_SYNC_URL": self._through("d365-sync"),
        }
        return release.runs(at_port(self.world.plan, "portal-web", self.portals[name], settings))

    def balanced(self, kind: str, port: int) -> Balancer:
        """The load balancer of a service, not yet listening."""
        ports = self.portals if kind == "portal-web" else self.world.plan.ports

        def serving() -> list[int]:
            return [ports[name] for name in self.names(kind) if name not in self.world.resting]

        return Balancer("balancer", kind, port, 0, ports=serving)

    def _through(self, kind: str) -> str:
        return f"http://{HOST}:{self.balancers[kind].port}"


@asynccontextmanager
async def fleet(world: World, release: Release) -> AsyncIterator[Fleet]:
    """The fleet of a world whose services are of `release` already, with the portal's replicas too."""
    kinds = ("case-api", "d365-sync", "portal-web")
    ports = free_ports(_PORTALS + len(kinds))
    started = Fleet(world, {f"portal-web-{number + 1}": ports[number] for number in range(_PORTALS)})
    started.balancers = {kind: started.balanced(kind, port) for kind, port in zip(kinds, ports[_PORTALS:], strict=True)}
    try:
        for balancer in started.balancers.values():
            await balancer.open()
        for name in started.portals:
            world.parts.add(name, "portal-web", started.program(name, release), world.folder).start()
        for name in started.portals:
            await world.parts.by_name[name].ready(_READY_SECONDS)
        yield started
    finally:
        for balancer in started.balancers.values():
            await balancer.close()
