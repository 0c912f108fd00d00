"""A lone outcome is stored at once; those that come right after it share a statement."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from case_shared.process.loops import Spacing
from d365_sync.app import store_outcomes
from d365_sync.app.ports import Changed, Result
from d365_sync.app.store_outcomes import StoreOutcomes
from d365_sync.domain.document import Finding, State
from d365_sync.domain.look_ups import after_look_up
from tests.unit.d365_sync.test_outcomes import CLAIM, POLICY


@dataclass
class Stored:
    """Replaces the document queue: keeps how many outcomes each statement stored."""

    sizes: list[int] = field(default_factory=list)
    reported: list[int] = field(default_factory=list)

    async def store(self, results: Sequence[Result], *, log_failures: bool) -> list[Changed]:
        assert not log_failures
        self.sizes.append(len(results))
        return [Changed(one.claim.id, State.DELIVERED, None) for one in results]

    def report(self, changed: Sequence[Changed]) -> None:
        self.reported.append(len(changed))


def storing(stored: Any) -> StoreOutcomes:
    return StoreOutcomes(stored, log_failures=False, stored=stored.report)


RESULT = Result(CLAIM, after_look_up(Finding.FOUND, "C-1", "", CLAIM, POLICY))


async def test_a_lone_outcome_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_outcomes, "_SPACING_SECONDS", 3600)
    stored = Stored()
    outcomes = storing(stored)
    outcomes.add(RESULT)
    async with asyncio.timeout(5):
        await outcomes.drain()
    assert stored.reported == [1]


async def test_what_comes_right_after_it_is_stored_together() -> None:
    stored = Stored()
    outcomes = storing(stored)
    outcomes._spacing = Spacing(0.05)
    outcomes.add(RESULT)
    await outcomes.drain()
    for _ in range(3):
        outcomes.add(RESULT)
    await outcomes.drain()
    assert stored.sizes == [1, 3]
