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
    """An edit cannot change IDs, dealer or legal entity: they are not part of the content."""

    actions: OperatorActions
    lists: Lists
    category_types: CategoryTypes

    async def __call__(self, order: Order, content: CaseContent | None) -> None:
        """Put it back. Raises the errors that `operator_actions` names.

        The audit names each changed field, not its values.
        """
        if content is None:
            await self.actions.replay(order, None, [])
            return
        # The store refuses any revision but the order's, so this is the content that the edit replaces.
        standing = await self.actions.standing(order.document)
        edited = with_category_type(content, await self.lists.choices(standing.data_area_id), self.category_types)
        await self.actions.replay(order, edited, changes(standing.content, edited))
