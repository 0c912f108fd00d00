"""Faults from the chaos list, one after another, with a calm time between them, until the soak is over."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.chaos.acts import Act, no_sandbox_faults
from tests.chaos.books import AWAY
from tests.chaos.faults import Fault, catalogue
from tests.chaos.links import Weather
from tests.chaos.soak.ledger import Books
from tests.chaos.world import World
from tests.support.progress import Progress

# The rest of a fault's time belongs to the flow: a million cases must get through in two hours.
LONGEST_CALM_SECONDS = 25.0
_LOOK_SECONDS = 0.25
_LONGEST_RECOVERY_SECONDS = 60.0
# What these do needs a world of a few hundred cases: a small disk to fill, forged records to be judged one by one, and
# a D365 whose cases can be compared with a backup.
UNFIT = ("disk is full", "odd and forged records", "is restored to")


@dataclass(frozen=True)
class Struck:
    """A fault, when it came, and how long after its end the next case reached D365."""

    name: str
    at: float
    recovery_seconds: float


@dataclass
class Storm:
    """Strikes until `over`; `now` names what strikes at the moment."""

    world: World
    books: Books
    draw: random.Random
    progress: Progress
    over: asyncio.Event
    calm_seconds: float
    struck: list[Struck] = field(default_factory=list)
    now: str = ""

    async def run(self) -> None:
        """Go round the list, each time in another order."""
        began = time.monotonic()
        for fault in self._faults():
            if await self._calm():
                return
            await self._strike(fault, began)

    def _faults(self) -> Iterator[Fault]:
        while True:
            fitting = [fault for fault in catalogue(self.draw) if not any(word in fault.name for word in UNFIT)]
            self.draw.shuffle(fitting)
            yield from fitting

    async def _calm(self) -> bool:
        """Wait for the next fault; True if the soak is over."""
        self.now = ""
        try:
            async with asyncio.timeout(self.calm_seconds):
                await self.over.wait()
        except TimeoutError:
            return False
        return True

    async def _strike(self, fault: Fault, began: float) -> None:
        at, self.now = time.monotonic() - began, fault.name
        try:
            await fault.strike(self.world)
        except AWAY as error:
            self.progress(f"not struck: {fault.name}: {error!r}")
        await asyncio.sleep(fault.seconds)
        await self._insist(fault.heal)
        self.struck.append(Struck(fault.name, at, await self._recovered()))

    async def _insist(self, act: Act) -> None:
        """Do it until it succeeds: what was killed is soon back, and then answers."""
        deadline = time.monotonic() + _LONGEST_RECOVERY_SECONDS
        while True:
            try:
                await act(self.world)
            except AWAY:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                return

    async def _recovered(self) -> float:
        """Seconds until D365 has another case; infinite if none comes for a minute."""
        began, before = time.monotonic(), await self.books.newest()
        while time.monotonic() - began < _LONGEST_RECOVERY_SECONDS:
            if self.over.is_set() or await self.books.newest() > before:
                return time.monotonic() - began
            await asyncio.sleep(_LOOK_SECONDS)
        return float("inf")

    async def end(self) -> None:
        """Leave the world without faults."""
        for part in self.world.parts.by_name.values():
            part.thaw()
        for link in self.world.links.values():
            if link.weather != Weather():
                link.weather = Weather()
                link.reset()
        for armed in self.world.fault_points.iterdir():
            armed.unlink(missing_ok=True)
        await self._insist(no_sandbox_faults)
