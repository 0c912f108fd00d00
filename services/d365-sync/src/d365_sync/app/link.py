"""Link a document to a case that D365 already has."""

from dataclasses import dataclass
from time import monotonic

from case_shared.d365.errors import D365Error
from case_shared.words.category_types import CategoryTypes
from d365_sync.app.operator_actions import D365Unreachable, NotAllowed, OperatorActions, Order, Standing
from d365_sync.app.ports import D365
from d365_sync.domain.document import Action, Cause, State

_SHORTEST_SECONDS = 1.0


@dataclass(frozen=True)
class Link:
    """Reads the case in D365 first: it must be one that the dealer may see, without another Web Case ID.

    A delivered document that D365 has twice can be moved to the other case. `timeout_seconds` is for all reads
    together: the caller stops waiting soon after, and a link cannot be undone.
    """

    d365: D365
    actions: OperatorActions
    category_types: CategoryTypes
    timeout_seconds: float

    async def __call__(self, order: Order, case_id: str) -> None:
        """Link it. Raises the errors that `operator_actions` names."""
        deadline = monotonic() + self.timeout_seconds
        standing = await self.actions.standing(order.document)
        standing.refuse_unless_allowed(Action.LINK)
        if standing.now.state is State.DELIVERED:
            _refuse_unless_other(standing, case_id)
        try:
            found = await self.d365.read_cases_by_case_id(
                standing.data_area_id, [case_id], timeout=self.timeout_seconds
            )
        except D365Error as error:
            raise D365Unreachable(f"D365 gave no answer about case {case_id}: {error.why}") from error
        if not found:
            raise NotAllowed(f"D365 has no case {case_id} in legal entity {standing.data_area_id}", standing.now)
        customer = found[0].customer_account or ""
        if customer.casefold() != standing.customer_account.casefold():
            # The dealer would see another customer's case (promise 4).
            raise NotAllowed(
                f"Case {case_id} belongs to customer {customer or 'none'}, not to this dealer's", standing.now
            )
        kind = found[0].category_type
        if self.category_types.hide(kind):
            raise NotAllowed(
                f"Case {case_id} has the category type {kind}, which dealers do not see (D365_CATEGORY_TYPES)",
                standing.now,
            )
        owner = found[0].web_case_id
        if owner and owner.casefold() != order.document.web_case_id.casefold():
            raise NotAllowed(f"Case {case_id} has another Web Case ID, {owner}", standing.now)
        await self.actions.link(order, found[0].case_id, await self._all(order, standing, deadline - monotonic()))

    async def _all(self, order: Order, standing: Standing, seconds: float) -> list[str]:
        """Both Case IDs if D365 has it twice: whoever links one has seen the other, so it raises no alarm."""
        if standing.cause is not Cause.FOUND_TWICE or standing.now.state is State.DELIVERED:
            return []
        web_case_id = order.document.web_case_id
        try:
            answer = await self.d365.find_by_web_case_id(
                standing.data_area_id, [web_case_id], control_case_ids=(), timeout=max(seconds, _SHORTEST_SECONDS)
            )
        except D365Error as error:
            raise D365Unreachable(f"D365 gave no answer about Web Case ID {web_case_id}: {error.why}") from error
        return [one.case_id for one in answer.found.get(web_case_id, ())]


def _refuse_unless_other(standing: Standing, case_id: str) -> None:
    """A delivered document can move only to another D365 case of the same submission."""
    others = [one.casefold() for one in standing.other_case_ids]
    if case_id.casefold() in others:
        return
    if standing.case_id and case_id.casefold() == standing.case_id.casefold():
        raise NotAllowed(
            f"The document is already linked to case {case_id}. Acknowledge the alarm to keep this link", standing.now
        )
    known = ", ".join(standing.other_case_ids)
    raise NotAllowed(
        f"Case {case_id} is not the other case of this submission. The other case is {known}", standing.now
    )
