"""The registry of dealers, held in memory: it is asked for at each call, and changes seldom."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from case_api.app.stores import ListStore
from case_api.domain.dealers import Dealer
from case_shared.process.clock import Clock

REFRESH_SECONDS = 30.0
# A slug that the token names and we do not know may just have been registered: then we look, but not at each call;
# unless we know no dealer at all, for the first list comes soon after the first start.
_LOOK_AGAIN_SECONDS = 1.0


@dataclass
class DealerDirectory:
    """Dealers by slug."""

    store: ListStore
    clock: Clock
    _dealers: Mapping[str, Dealer] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh(self) -> bool:
        """Read the registry; returns False, as a loop's turn that is done."""
        self._dealers = {dealer.dealer: dealer for dealer in await self.store.dealers()}
        self._read_at = self.clock.monotonic()
        return False

    async def find(self, slug: str) -> Dealer | None:
        """The dealer, or None."""
        found = self._dealers.get(slug)
        if found is None:
            async with self._reading:
                if not self._dealers or self.clock.monotonic() - self._read_at > _LOOK_AGAIN_SECONDS:
                    await self.refresh()
            found = self._dealers.get(slug)
        return found
