"""The registry of dealers, in memory: every request asks for it, and it seldom changes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from case_api.app.stores import ListStore
from case_api.domain.dealers import Dealer
from case_shared.process.clock import Clock

REFRESH_SECONDS = 30.0
# A slug that the token names and we do not know may just have been registered: so we read again, but not at each
# request; unless we know no dealer at all, because the first list comes soon after the first start.
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
        """Read the registry; returns False, since the turn leaves nothing to do."""
        self._dealers = {dealer.dealer: dealer for dealer in await self.store.dealers()}
        self._read_at = self.clock.monotonic()
        return False

    async def find(self, slug: str) -> Dealer | None:
        """Return the dealer, or None."""
        found = self._dealers.get(slug)
        if found is None:
            async with self._reading:
                if not self._dealers or self.clock.monotonic() - self._read_at > _LOOK_AGAIN_SECONDS:
                    await self.refresh()
            found = self._dealers.get(slug)
        return found
