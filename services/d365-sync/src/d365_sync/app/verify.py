"""Look a document up in D365 now, and wait a moment for the result."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from d365_sync.app.operator_actions import OperatorActions, Order
from d365_sync.domain.document import Action

_WAIT_SECONDS = 5.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Verify:
    """The dispatcher does the look-up, wherever it runs; `wake` wakes it if it runs in this process."""

    actions: OperatorActions
    wake: Callable[[], None]

    async def __call__(self, order: Order) -> None:
        """Order the look-up and wait a few seconds for its end. Raises the errors that `operator_actions` names."""
        await self.actions.change(Action.VERIFY, order)
        self.wake()
        for _ in range(int(_WAIT_SECONDS / _LOOK_SECONDS)):
            await asyncio.sleep(_LOOK_SECONDS)
            standing = await self.actions.standing(order.document)
            if standing.revision != order.revision or not standing.look_up_pending:
                return
