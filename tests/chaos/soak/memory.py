"""The memory of each part, sampled all the while: is it flat?"""

import asyncio
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass, field

import psutil

from tests.chaos.world import World
from tests.support.usage import memory_mib

LONGEST_SAMPLE_SECONDS = 30.0
FIFTHS = 5
# Ours; PostgreSQL's and Kafka's memory grows up to what they may use.
OURS = ("case-api", "d365-sync", "status-sync")
_MAY_GROW, _MAY_GROW_MIB = 1.25, 16.0


@dataclass
class Memory:
    """The largest replica of each kind at each sample, in MiB, with the second of the sample."""

    world: World
    sample_seconds: float = LONGEST_SAMPLE_SECONDS
    samples: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    async def keep(self) -> None:
        """Sample until canceled."""
        began = time.monotonic()
        while True:
            for kind, mib in (await asyncio.to_thread(self._now)).items():
                self.samples[kind].append((time.monotonic() - began, mib))
            await asyncio.sleep(self.sample_seconds)

    def _now(self) -> dict[str, float]:
        most: dict[str, float] = {}
        for part in list(self.world.parts.by_name.values()):
            if part.alive and part.kind != "spare":
                try:
                    most[part.kind] = max(most.get(part.kind, 0.0), memory_mib(part.pid))
                except psutil.Error:  # it died this moment
                    continue
        return most

    def fifths(self) -> dict[str, list[float]]:
        """The median of each kind in each fifth of the time."""
        end = max((at for samples in self.samples.values() for at, _ in samples), default=0.0) or 1.0
        found: dict[str, list[float]] = {}
        for kind, samples in self.samples.items():
            parts: list[list[float]] = [[] for _ in range(FIFTHS)]
            for at, mib in samples:
                parts[min(FIFTHS - 1, int(at / end * FIFTHS))].append(mib)
            found[kind] = [statistics.median(part) if part else 0.0 for part in parts]
        return found

    def grown(self) -> list[str]:
        """Which of our services use clearly more in the last fifth than in the second, after they have warmed up."""
        fifths = self.fifths()
        return [
            f"{kind}: {fifths[kind][1]:.0f} MiB, then {fifths[kind][-1]:.0f}"
            for kind in OURS
            if kind in fifths and fifths[kind][-1] > fifths[kind][1] * _MAY_GROW + _MAY_GROW_MIB
        ]
