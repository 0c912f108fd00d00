"""Clients that submit drafts, as a portal does: at a steady rate, or as fast as they can."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

Times = dict[str, float]
Act = Callable[[str, str], Coroutine[Any, Any, None]]


@dataclass
class Clicks:
    """Each click is one request, noted by Web Case ID in Unix seconds; `headers_of` has a dealer's token."""

    url: str
    session: aiohttp.ClientSession
    headers_of: Callable[[str], Mapping[str, str]]
    clicked: Times = field(default_factory=dict)
    answered: Times = field(default_factory=dict)

    async def submit(self, name: str, dealer: str) -> None:
        """Submit a draft at its first version."""
        url = f"{self.url}/v1/dealers/{dealer}/cases/{name}/submission"
        self.clicked[name] = time.time()
        async with self.session.post(url, headers={**self.headers_of(dealer), "If-Match": '"1"'}) as answer:
            assert answer.status == 202, await answer.text()
            await answer.read()
        self.answered[name] = time.time()


async def at_rate(act: Act, cases: Sequence[tuple[str, str]], per_second: float) -> None:
    """Do `act` with each case, evenly spread, however long each takes."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, (name, dealer) in enumerate(cases):
            await asyncio.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            group.create_task(act(name, dealer))


async def at_once(act: Act, cases: Sequence[tuple[str, str]], clients: int) -> None:
    """Do `act` with each case, as fast as so many clients can."""
    waiting = iter(cases)

    async def client() -> None:
        for name, dealer in waiting:
            await act(name, dealer)

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())


def delays(names: set[str], begins: Times, ends: Times) -> list[float]:
    """The milliseconds between both, ascending, of the cases that have both."""
    return sorted((ends[one] - begins[one]) * 1000 for one in names & begins.keys() & ends.keys())


def at(ascending: Sequence[float], share: float) -> float:
    """The value below which this share of the others is."""
    return ascending[int(len(ascending) * share)] if ascending else float("inf")
