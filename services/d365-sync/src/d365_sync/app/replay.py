"""Put a dead letter back into the queue, perhaps with an edited payload."""

from dataclasses import dataclass

from case_shared.events import CaseContent
from d365_sync.app.operating import Desk, Order


@dataclass(frozen=True)
class Replay:
    """Ids, dealer and legal entity are no part of the content: an edit cannot touch them."""

    desk: Desk

    async def __call__(self, order: Order, content: CaseContent | None) -> None:
        """Put it back. Raises what `operating` names. The audit names the fields that were given, not their values."""
        fields = sorted(content.model_fields_set) if content else []
        await self.desk.replay(order, content, fields)
