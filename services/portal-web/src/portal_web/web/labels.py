"""The pages' texts for the API's codes; translated where they are shown."""

from collections.abc import Mapping

from portal_web.domain.case_api import CaseStatus
from portal_web.web.words import N_

STATUSES: Mapping[str, str] = {
    CaseStatus.DRAFT: N_("Draft"),
    CaseStatus.SUBMITTED: N_("Submitted"),
    CaseStatus.IN_PROCESS: N_("In process"),
    CaseStatus.OPEN: N_("Open"),
    CaseStatus.CLOSED: N_("Closed"),
    CaseStatus.CANCELED: N_("Canceled"),
}
# Of a submission, as its dealer sees it.
STATES: Mapping[str, str] = {
    "pending": N_("On its way to D365"),
    "delivering": N_("On its way to D365"),
    "verifying": N_("On its way to D365"),
    "deferred": N_("On its way; D365 is busy, and Casebridge tries again"),
    "delivered": N_("In D365"),
    "failed": N_("Delivery failed; the support team is handling it"),
    "returned": N_("Returned to you by the support team"),
    "discarded": N_("Ended by the support team"),
}
EVENTS: Mapping[str, str] = {
    "created": N_("Draft created"),
    "submitted": N_("Submitted"),
    "sent": N_("Handed over for delivery"),
    "attempt": N_("Delivery attempt"),
    "status": N_("Status in D365"),
    "reopened": N_("Reopened in D365"),
    "moved": N_("Moved away from your dealer in D365"),
    "deleted_in_d365": N_("Deleted in D365"),
    "linked": N_("Linked to a case in D365 by the support team"),
    "replayed": N_("Sent again by the support team"),
    "restored": N_("Resumed by the support team"),
    **STATES,
}
OUTCOMES: Mapping[str, str] = {
    "delivered": N_("D365 accepted it"),
    "rejected": N_("D365 refused it"),
    "unknown": N_("No clear answer; Casebridge checks D365"),
    "deferred": N_("D365 was busy or unreachable"),
}
FIELDS: Mapping[str, str] = {
    "category": N_("Category"),
    "priority": N_("Priority"),
    "description": N_("Description"),
    "contact_name": N_("Contact name"),
    "contact_email": N_("Contact email"),
    "contact_phone": N_("Contact phone"),
    "notes": N_("Notes"),
}
# Of the list, in display order.
COLUMNS: Mapping[str, str] = {
    "web_case_id": N_("Web Case ID"),
    "case_id": N_("Case ID"),
    "status": N_("Status"),
    "category": N_("Category"),
    "priority": N_("Priority"),
    "description": N_("Description"),
    "created_by": N_("Created by"),
    "created_at": N_("Created"),
    "submitted_at": N_("Submitted"),
    "updated_at": N_("Changed"),
}
