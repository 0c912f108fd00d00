"""However often somebody asks, D365's books are read once at a time."""

import asyncio
from dataclasses import dataclass, field

import pytest

from d365_sync.app.ledger_d365 import Comparison
from d365_sync.app.one_comparison import OneComparison
from d365_sync.app.operator_actions import D365Unreachable


@dataclass
class Reading:
    """A comparison that ends when the test says so."""

    begun: list[float] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False

    async def __call__(self, older_than_seconds: float) -> Comparison:
        self.begun.append(older_than_seconds)
        await self.ended.wait()
        if self.fails:
            raise D365Unreachable("no answer")
        return Comparison(cases=len(self.begun))


async def test_who_asks_again_gets_the_answer_to_the_first_question() -> None:
    reading = Reading()
    compare = OneComparison(reading)
    gave_up = asyncio.create_task(compare(300))
    await asyncio.sleep(0)
    gave_up.cancel()
    asked = [asyncio.create_task(compare(300)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(D365Unreachable, match="is running"):
        await compare(0)
    reading.ended.set()

    assert {(await one).cases for one in asked} == {1}
    assert reading.begun == [300]
    assert (await compare(0)).cases == 2, "the next one reads again"


async def test_a_comparison_that_failed_is_not_repeated_to_the_next_who_asks() -> None:
    reading = Reading(fails=True)
    reading.ended.set()
    compare = OneComparison(reading)
    with pytest.raises(D365Unreachable, match="no answer"):
        await compare(300)
    reading.fails = False
    assert (await compare(300)).cases == 2
