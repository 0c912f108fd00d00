"""Look a document up in D365 now, and wait a moment for what that shows."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from d365_sync.app.operator_actions import OperatorActions, Order
from d365_sync.domain.document import Action

_WAIT_SECONDS = 5.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Verify:
    """The dispatcher does the look-up, wherever it runs; `ring` wakes it where it runs here."""

    actions: OperatorActions
    ring: Callable[[], None]

    async def __call__(self, order: Order) -> None:
        """Ask for the look-up and wait until it is done, for a few seconds. Raises what `operator_actions` names."""
        await self.actions.change(Action.VERIFY, order)
        self.ring()
        for _ in range(int(_WAIT_SECONDS / _LOOK_SECONDS)):
            await asyncio.sleep(_LOOK_SECONDS)
            standing = await self.actions.standing(order.document)
            if standing.revision != order.revision or not standing.look_up_pending:
                return
