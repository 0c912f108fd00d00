"""Tie a document to a case that D365 already has."""

from dataclasses import dataclass

from case_shared.category_types import CategoryTypes
from case_shared.d365.errors import D365Error
from d365_sync.app.operating import D365Unreachable, Desk, NotAllowed, Order
from d365_sync.app.ports import D365


@dataclass(frozen=True)
class Link:
    """Reads the case in D365 first: it must be there, for the dealer's eyes, and carry nobody else's Web Case ID."""

    d365: D365
    desk: Desk
    category_types: CategoryTypes
    timeout_seconds: float

    async def __call__(self, order: Order, case_id: str) -> None:
        """Tie it. Raises what `operating` names."""
        standing = await self.desk.standing(order.document)
        try:
            found = await self.d365.read_cases_by_case_id(
                standing.data_area_id, [case_id], timeout=self.timeout_seconds
            )
        except D365Error as error:
            raise D365Unreachable(f"D365 gave no answer about case {case_id}: {error.why}") from error
        if not found:
            raise NotAllowed(f"D365 has no case {case_id} in legal entity {standing.data_area_id}", standing.state)
        customer = found[0].customer_account or ""
        if customer.casefold() != standing.customer_account.casefold():
            # The dealer would see another customer's case (promise 4).
            raise NotAllowed(f"case {case_id} is of customer {customer or 'none'}", standing.state)
        kind = found[0].category_type
        if self.category_types.hide(kind):
            raise NotAllowed(
                f"case {case_id} is of category type {kind}, which dealers never see (D365_CATEGORY_TYPES)",
                standing.state,
            )
        owner = found[0].web_case_id
        if owner and owner.casefold() != order.document.web_case_id.casefold():
            raise NotAllowed(f"case {case_id} carries the Web Case ID {owner}", standing.state)
        await self.desk.link(order, found[0].case_id)
