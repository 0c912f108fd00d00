"""Take in what d365-sync tells of submissions: their states, and what that makes of the cases."""

from collections.abc import Sequence

import structlog

from case_api.app.stores import DeliveryStore
from case_shared.events import CaseDelivery, SubmissionState

log = structlog.get_logger(__name__)


async def apply_deliveries(store: DeliveryStore, deliveries: Sequence[CaseDelivery]) -> None:
    """Store `deliveries`; late, doubled and disordered ones change nothing (the greater revision wins)."""
    news = await store.apply(newest(deliveries))
    returned = [item for item in news if item.state is SubmissionState.RETURNED]
    delivered = [item for item in news if item.state is SubmissionState.DELIVERED]
    for web_case_id in await store.return_cases(returned) if returned else []:
        log.info("case_returned", web_case_id=web_case_id)
    for web_case_id in await store.restore_delivered(delivered) if delivered else []:
        log.warning("case_delivered_after_return", web_case_id=web_case_id)


def newest(deliveries: Sequence[CaseDelivery]) -> list[CaseDelivery]:
    """The greatest revision of each submission, by Web Case ID: in the order in which rows are locked."""
    greatest: dict[tuple[str, int], CaseDelivery] = {}
    for delivery in deliveries:
        place = (delivery.web_case_id, delivery.submission_no)
        known = greatest.get(place)
        if known is None or delivery.revision > known.revision:
            greatest[place] = delivery
    return [greatest[place] for place in sorted(greatest)]
