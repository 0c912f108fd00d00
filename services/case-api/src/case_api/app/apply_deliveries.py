"""Take over how far d365-sync has come with submissions, and what that changes in the cases."""

from collections.abc import Sequence

import structlog
from prometheus_client import Histogram

from case_api.app.stores import DeliveryStore, SubmissionKey
from case_shared.process.telemetry import trace_id_of
from case_shared.words.errors import UnknownRecords
from case_shared.words.events import CaseDelivery, SubmissionState

log = structlog.get_logger(__name__)
_delivered = Histogram(
    "casebridge_submission_delivered_seconds",
    "Time from a submission until D365 had its case",
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 14_400, 86_400),
)
_UNKNOWN = "d365-sync has no document for this submission, so d365-sync did not write this record"


async def apply_deliveries(store: DeliveryStore, deliveries: Sequence[CaseDelivery]) -> None:
    """Store the states of the submissions that `deliveries` name, as d365-sync has them now.

    Raises: `UnknownRecords` for submissions of which d365-sync has no document.
    """
    named = [SubmissionKey(item.web_case_id, item.submission_no, item.submission_id) for item in deliveries]
    # Sorted: rows are locked in this order.
    progress = await store.apply(sorted(set(named)))
    known = {(item.web_case_id, item.submission_no) for item in progress}
    causes = {place: _UNKNOWN for place, key in enumerate(named) if (key.web_case_id, key.submission_no) not in known}
    if causes:
        raise UnknownRecords(causes)
    for item in progress:
        if item.delivered_seconds is not None:
            _delivered.observe(item.delivered_seconds)
    traces = {item.web_case_id: trace_id_of(item.traceparent) for item in progress}
    news = [item for item in progress if item.news]
    returned = [item for item in news if item.state is SubmissionState.RETURNED]
    delivered = [item for item in news if item.state is SubmissionState.DELIVERED]
    for web_case_id in await store.return_cases(returned) if returned else []:
        log.info("case_returned", web_case_id=web_case_id, trace_id=traces[web_case_id])
    for web_case_id in await store.restore_delivered(delivered) if delivered else []:
        log.warning("case_delivered_after_return", web_case_id=web_case_id, trace_id=traces[web_case_id])
