"""How an operator ends a dead letter: return or discard it; restore undoes a discard."""

from dataclasses import dataclass

from d365_sync.app.operator_actions import OperatorActions, Order
from d365_sync.domain.document import Action


@dataclass(frozen=True)
class EndDocument:
    """Refused while an attempt's outcome is unproven: such a document is delivering or verifying, never failed."""

    actions: OperatorActions

    async def __call__(self, action: Action, order: Order) -> None:
        """Return, discard or restore. Raises the errors that `operator_actions` names."""
        await self.actions.change(action, order)
