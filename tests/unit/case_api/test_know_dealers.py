"""Which dealers exist."""

from collections.abc import Sequence
from typing import Any

from case_api.app.know_dealers import DealerDirectory
from case_api.domain.dealers import Dealer
from tests.support.clocks import HandClock


class Registry:
    """A registry that counts how often it was read."""

    def __init__(self, *slugs: str) -> None:
        self.slugs = list(slugs)
        self.reads = 0

    async def dealers(self) -> Sequence[Dealer]:
        self.reads += 1
        return [Dealer(slug, "usmf", slug, name=None, active=True) for slug in self.slugs]


def directory(registry: Any, clock: HandClock | None = None) -> DealerDirectory:
    return DealerDirectory(registry, clock or HandClock())


async def test_the_first_list_is_seen_at_once() -> None:
    registry = Registry()
    known = directory(registry)
    assert await known.find("usmf-us-001") is None
    registry.slugs.append("usmf-us-001")
    assert await known.find("usmf-us-001")


async def test_an_unknown_dealer_does_not_cost_a_read_each() -> None:
    clock = HandClock()
    known = directory(registry := Registry("usmf-us-001"), clock)
    for _ in range(5):
        assert await known.find("usmf-us-002") is None
    assert registry.reads == 1
    clock.seconds += 1.1
    assert await known.find("usmf-us-002") is None
    assert registry.reads == 2
