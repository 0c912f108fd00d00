"""Put a dead letter back into the queue, perhaps with an edited payload."""

from dataclasses import dataclass
from typing import Protocol

from case_shared.words.category_types import CategoryTypes
from case_shared.words.events import CaseContent
from d365_sync.app.category_type import with_category_type
from d365_sync.app.operator_actions import OperatorActions, Order
from d365_sync.app.replays import Choices
from d365_sync.domain.changes import changes


class Lists(Protocol):
    """D365's lists of a legal entity."""

    async def choices(self, data_area_id: str) -> Choices: ...


@dataclass(frozen=True)
class Replay:
    """Ids, dealer and legal entity are no part of the content: an edit cannot touch them."""

    actions: OperatorActions
    lists: Lists
    category_types: CategoryTypes

    async def __call__(self, order: Order, content: CaseContent | None) -> None:
        """Put it back. Raises what `operator_actions` names.

        The audit names each field that differs from what stood there, not the values.
        """
        if content is None:
            await self.actions.replay(order, None, [])
            return
        # What stands at another revision than the order's is refused below: so this is what the edit replaces.
        standing = await self.actions.standing(order.document)
        edited = with_category_type(content, await self.lists.choices(standing.data_area_id), self.category_types)
        await self.actions.replay(order, edited, changes(standing.content, edited))
