"""The result of a benchmark: figures of interleaved rounds, their medians, and ratios to a ceiling of the same run."""

import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.support.brokers import Broker
from tests.support.databases import Database

Figures = Mapping[str, float]
Round = Callable[[], Awaitable[Figures]]


@dataclass(frozen=True)
class Goal:
    """A bound for one figure: at least (ratios, rates) or at most (delays)."""

    figure: str
    at_least: float | None = None
    at_most: float | None = None

    def is_reached(self, value: float) -> bool:
        """Whether `value` is within the bound."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        """Return the bound in words."""
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"


@dataclass(frozen=True)
class Result:
    """One benchmark's medians; `spread` is the (least, greatest) of each figure's rounds."""

    name: str
    medians: Figures
    spread: Mapping[str, tuple[float, float]]
    goals: Sequence[Goal]


@dataclass(frozen=True)
class World:
    """What a benchmark runs on: a migrated database with fsync on, its own topics, a folder.

    `cases`: the numbers of cases on which the list is measured, ascending.
    """

    database: Database
    broker: Broker
    folder: Path
    seconds: float
    cases: Sequence[int]

    async def superuser(self) -> "asyncpg.Connection[asyncpg.Record]":
        """Return a superuser's connection; the caller closes it."""
        return await asyncpg.connect(self.database.superuser_url)


@dataclass(frozen=True)
class Benchmark:
    """`play` runs the subject and its ceiling once per round, and returns the round's figures.

    `once`: one round is enough, because its figures come from hundreds of requests.
    """

    name: str
    play: Callable[[World], Awaitable[Figures]]
    goals: Sequence[Goal]
    once: bool = False


async def measured(benchmark: Benchmark, world: World, rounds: int, show: Callable[[str], None]) -> Result:
    """Play `rounds` rounds and take the median of each figure."""
    played: list[Figures] = []
    rounds = 1 if benchmark.once else rounds
    for number in range(rounds):
        figures = await benchmark.play(world)
        show(f"{benchmark.name} {number + 1}/{rounds}: " + ", ".join(f"{k} {v:.4g}" for k, v in figures.items()))
        played.append(figures)
    columns = {name: [figures[name] for figures in played] for name in played[0]}
    medians = {name: statistics.median(values) for name, values in columns.items()}
    spread = {name: (min(values), max(values)) for name, values in columns.items()}
    return Result(benchmark.name, medians, spread, benchmark.goals)
