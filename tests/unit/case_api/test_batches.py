"""Concurrent requests share a statement, and none is lost, duplicated or delayed by another."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from case_api.postgres.batches import Batches


@dataclass
class Runner:
    """Doubles numbers once permitted; refuses 13 and everything in its batch."""

    batches: list[list[int]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await self.gate.wait()
        if 13 in numbers:
            raise ValueError("13")
        return [number * 2 for number in numbers]


async def test_a_lone_request_goes_at_once_and_the_next_ones_together() -> None:
    runner = Runner()
    batches = Batches(runner, size=3, flights=1)
    asked = [asyncio.ensure_future(batches.ask(number)) for number in range(6)]
    await asyncio.sleep(0)
    runner.gate.set()
    assert await asyncio.gather(*asked) == [0, 2, 4, 6, 8, 10]
    assert runner.batches == [[0], [1, 2, 3], [4, 5]]


async def test_statements_share_callers_that_ask_again_and_again_evenly() -> None:
    sizes: list[int] = []

    async def run(numbers: Sequence[int]) -> Sequence[int]:
        sizes.append(len(numbers))
        for _ in numbers:  # as long as its batch
            await asyncio.sleep(0)
        return numbers

    batches = Batches(run, size=32, flights=2)

    async def caller(number: int) -> None:
        for _ in range(20):
            assert await batches.ask(number) == number

    await asyncio.gather(*(caller(number) for number in range(32)))
    assert sizes[:2] == [1, 1]  # nobody waits while a statement is free
    assert set(sizes[2:-2]) == {16}, sizes


async def test_one_that_fails_does_not_harm_the_others() -> None:
    runner = Runner()
    runner.gate.set()
    batches = Batches(runner, size=10, flights=1)
    answers = await asyncio.gather(*(batches.ask(number) for number in (1, 2, 13, 4)), return_exceptions=True)
    assert answers[:2] == [2, 4]
    assert answers[3] == 8
    assert isinstance(answers[2], ValueError)


async def test_a_caller_that_hangs_up_takes_nobody_with_it() -> None:
    runner = Runner()
    batches = Batches(runner, size=10, flights=1)
    gone, stays = (asyncio.ensure_future(batches.ask(number)) for number in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    runner.gate.set()
    assert await stays == 4
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert [number for batch in runner.batches for number in batch] == [1, 2]
