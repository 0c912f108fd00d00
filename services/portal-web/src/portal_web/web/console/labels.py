"""The console's texts for the codes of the operators' API; translated where they are shown."""

from collections.abc import Mapping

from portal_web.web.labels import FIELDS
from portal_web.web.words import N_

STATES: Mapping[str, str] = {
    "pending": N_("Waiting"),
    "delivering": N_("Being sent"),
    "verifying": N_("Being looked up"),
    "deferred": N_("Deferred"),
    "delivered": N_("Delivered"),
    "failed": N_("Failed"),
    "returned": N_("Returned"),
    "discarded": N_("Discarded"),
}
STATE_ICONS: Mapping[str, str] = {
    "pending": "in_process",
    "delivering": "submitted",
    "verifying": "search",
    "deferred": "in_process",
    "delivered": "check",
    "failed": "error",
    "returned": "draft",
    "discarded": "canceled",
}
CAUSES: Mapping[str, str] = {
    "rejected": N_("D365 refused it"),
    "exists_with_other_content": N_("D365 has it with different content"),
    "found_twice": N_("D365 has it twice"),
    "unusable_case_id": N_("D365 returned no usable Case ID"),
    "invalid_payload": N_("The payload cannot be read"),
    "attempts_exhausted": N_("No clear answer after too many attempts"),
    "superseded": N_("An earlier submission reached D365"),
    "throttled": N_("D365 is busy"),
    "unreachable": N_("D365 is not reachable"),
    "no_answer": N_("No clear answer"),
    "unauthorized": N_("D365 denies access"),
    "misconfigured": N_("The mapping does not match D365"),
    "read_back": N_("Found by a look-up"),
    "evidence": N_("D365 reported it"),
    "linked": N_("Linked by an operator"),
    "lost_in_d365": N_("D365 lost it in a restore"),
}
STAGES: Mapping[str, str] = {
    "unsent": N_("Unsent"),
    "kafka": N_("Kafka"),
    "queue": N_("Queue"),
    "d365": N_("D365"),
    "status": N_("Status"),
}
STAGE_HINTS: Mapping[str, str] = {
    "unsent": N_("submitted, not in Kafka yet"),
    "kafka": N_("in Kafka, not received yet"),
    "queue": N_("waiting to be sent"),
    "d365": N_("being sent or looked up"),
    "status": N_("to be reported or read"),
}
RATES: Mapping[str, str] = {
    "unsent": N_("submitted"),
    "kafka": N_("received"),
    "queue": N_("sent"),
    "d365": N_("delivered"),
    "status": N_("known to the portal"),
}
FAILURES: Mapping[str, str] = {
    "unsent": N_("refused by Kafka"),
    "kafka": N_("unreadable"),
    "queue": N_("failed"),
    "d365": N_("failed attempts"),
    "status": N_("not shown by D365"),
}
CONCERNS: Mapping[str, str] = {
    "environment_refused": N_("Nothing is sent: D365_URL names a different environment than before"),
    "breaker_open": N_("Nothing is sent: D365 does not answer properly"),
    "paused": N_("An operator paused delivery"),
    "maintenance": N_("A maintenance window is in progress"),
    "consumer_paused": N_("A consumer is paused: too many unreadable records"),
    "old": N_("The oldest entry has waited too long"),
    "refused_by_kafka": N_("Kafka refuses records"),
    "dead_letters": N_("Documents failed and need an operator"),
    "unreadable": N_("Records could not be read"),
    "poll_late": N_("D365 has not been read in full for a long time"),
    "moved_cases": N_("Cases belong to a different customer in D365 than in the portal"),
    "deleted_cases": N_("Cases were deleted in D365"),
    "case_id_reused": N_("D365 reused a Case ID: the portal no longer updates the first case"),
    "environment_refreshed": N_(
        "D365 has another Casebridge's cases under our Case IDs: it was refreshed from another environment"
    ),
    "known_cases_not_shown": N_(
        "D365 shows none of the cases that it had: check roles and legal entities, then follow the runbook"
    ),
    "events_of_other_environment": N_("Another D365 environment sends us events: delete its endpoint there"),
    "stored_differently": N_("D365 stored a different text than was sent"),
    "uniqueness_unproven": N_("It is not proven that D365 refuses a second case with the same Web Case ID"),
    "second_case": N_("D365 has a second case with the same Web Case ID"),
    "status_unknown": N_("Cases have a status in D365 that the mapping does not contain; dealers see the one before"),
    "d365_restore_waits": N_("The look-ups after a restore of D365 do not get on"),
    "step_never_succeeded": N_("A step has not succeeded since its service started"),
    "step_late": N_("A step has not succeeded for a long time"),
    "consumer_stopped": N_("A consumer has stopped reading"),
    "consumer_lags": N_("A consumer is falling behind"),
    "partitions_unowned": N_("Some partitions of a topic have no consumer"),
}
# Where an operator sees the details of a concern.
CONCERN_PAGES: Mapping[str, str] = {
    "environment_refused": "/console/delivery",
    "breaker_open": "/console/delivery",
    "paused": "/console/delivery",
    "maintenance": "/console/delivery",
    "consumer_paused": "/console/delivery",
    "dead_letters": "/console/documents?state=failed",
    "unreadable": "/console/unreadable",
    "uniqueness_unproven": "/console/d365",
    "second_case": "/console/documents?state=any&alarm=second_case",
    "stored_differently": "/console/documents?state=any&alarm=stored_differently",
}
ALARMS: Mapping[str, str] = {
    "second_case": N_("D365 has it twice"),
    "stored_differently": N_("D365 stored a different text"),
}
ACTIONS: Mapping[str, str] = {
    "replay": N_("Replay"),
    "link": N_("Link to a case"),
    "verify": N_("Verify now"),
    "return": N_("Return to the dealer"),
    "discard": N_("Discard"),
    "restore": N_("Restore"),
    "acknowledge": N_("Acknowledge"),
}
# What each action does, shown where it is confirmed.
CONSEQUENCES: Mapping[str, str] = {
    "replay": N_("Casebridge looks it up in D365 first and sends it only if it is not there. New cases go first."),
    "verify": N_("Casebridge asks D365 for it now and sends nothing."),
    "return": N_("The dealer gets the case back as a draft and sees your reason."),
    "discard": N_("This ends the submission, and the dealer sees your reason. You can restore the document later."),
    "restore": N_("The document counts as failed again, as it did before it was discarded."),
    "link": N_("The document then counts as delivered, as this case in D365. You cannot undo this."),
    "acknowledge": N_("This ends the alarm. The same finding does not raise it again."),
}
# What a link does to a delivered document that D365 has twice.
LINK_TO_THE_OTHER = N_("The portal follows that case from now on, and the alarm ends.")
OBSTACLES: Mapping[str, str] = {
    "scope": N_("You have read-only access."),
    "being_sent": N_("Casebridge is sending it right now."),
    "not_proven": N_("The result of an attempt is still unclear. Verify it first."),
    "on_its_way": N_("It is on its way. No action is needed."),
    "delivered": N_("D365 already has it."),
    "at_an_end": N_("It has been returned or discarded."),
    "not_discarded": N_("Only discarded documents can be restored."),
    "dead_letter": N_("It is not discarded."),
    "looked_up_now": N_("Casebridge is looking it up right now."),
    "payload_emptied": N_("The payload was emptied, so a case in D365 cannot be compared with it."),
    "no_alarm": N_("It has no alarm."),
}
AUDIT_ACTIONS: Mapping[str, str] = {
    "replay": N_("Replayed"),
    "replay_all": N_("Bulk replay started"),
    "dry_run": N_("Dry run"),
    "pause_replay": N_("Replay paused"),
    "resume_replay": N_("Replay resumed"),
    "cancel_replay": N_("Replay canceled"),
    "link": N_("Linked"),
    "verify": N_("Verified"),
    "return": N_("Returned"),
    "discard": N_("Discarded"),
    "restore": N_("Restored"),
    "acknowledge": N_("Acknowledged"),
    "pause": N_("Delivery paused"),
    "resume": N_("Delivery resumed"),
    "adopt": N_("Environment adopted"),
    "restored": N_("Database restored"),
    "d365_restored": N_("Restore of D365 reported"),
    "d365_restored_dry_run": N_("Restore of D365: dry run"),
    "deliver_again": N_("Delivered again after a restore of D365"),
    "let_through": N_("Consumer continued"),
    "read_again": N_("All cases read again"),
    "add_window": N_("Maintenance planned"),
    "end_window": N_("Maintenance ended"),
    "see_record": N_("Record seen"),
    "erase": N_("Personal data erased"),
}
REPLAY_STATES: Mapping[str, str] = {
    "running": N_("Running"),
    "paused": N_("Paused"),
    "completed": N_("Completed"),
    "canceled": N_("Canceled by an operator"),
}
OUTCOMES: Mapping[str, str] = {
    "delivered": N_("Delivered"),
    "rejected": N_("Refused"),
    "unknown": N_("No clear answer"),
    "deferred": N_("Deferred"),
    "found": N_("Found"),
    "other_content": N_("Found with different content"),
    "earlier_submission": N_("Found: an earlier submission"),
    "found_twice": N_("Found twice"),
    "unusable_case_id": N_("Found without a usable Case ID"),
    "absent": N_("Not in D365"),
    "unsure": N_("Inconclusive"),
    "replayed": N_("Back in the queue"),
    "left_out": N_("Left out"),
    "would_create": N_("Would be created"),
    "already_there": N_("Already in D365"),
    "still_invalid": N_("Would fail again"),
}
KINDS: Mapping[str, str] = {"create": N_("Sent to D365"), "read_back": N_("Looked up in D365")}
WINDOW_STATES: Mapping[str, str] = {
    "under_way": N_("In progress"),
    "to_come": N_("Planned"),
    "over": N_("Ended"),
    "called_off": N_("Called off"),
}
PAYLOAD_FIELDS: Mapping[str, str] = {
    "/category": N_("Category"),
    "/category_type": N_("Category type"),
    "/priority": N_("Priority"),
    "/description": N_("Description"),
    "/contact/name": N_("Contact name"),
    "/contact/email": N_("Contact email"),
    "/contact/phone": N_("Contact phone"),
    "/notes": N_("Notes"),
}
# By the mapping's names, as in differences.
SENT_FIELDS: Mapping[str, str] = {
    **FIELDS,
    "category_type": N_("Category type"),
    "created_by": N_("Created by"),
}
LEDGER_PLACES: Mapping[str, str] = {
    "open": N_("On their way"),
    "delivered": N_("Delivered"),
    "failed": N_("Failed"),
    "returned": N_("Returned"),
    "discarded": N_("Discarded"),
    "no_document": N_("Without a document"),
}
LEDGER_WRONG: Mapping[str, str] = {
    "without_submission": N_("Documents without a submission"),
    "without_case_id": N_("Delivered, but without a Case ID in the portal"),
}
LEDGER_D365: Mapping[str, str] = {
    "delivered_not_found": N_("Marked as delivered, but not in D365"),
    "found_not_delivered": N_("In D365, but not marked as delivered"),
    "found_twice": N_("D365 has it twice"),
}
CHECK_STEPS: Mapping[str, str] = {
    "settings": N_("Settings"),
    "network": N_("Network"),
    "token": N_("Access token"),
    "service": N_("Access to D365"),
    "entities": N_("Entity sets and fields"),
    "privileges": N_("Privileges"),
    "companies": N_("Legal entities"),
    "queries": N_("Queries"),
    "clock": N_("Clock"),
    "write": N_("Creating a case"),
    "events": N_("Business events"),
    "throttling": N_("Throttling"),
    "status_symbols": N_("Case statuses"),
}
CHECK_STATES: Mapping[str, str] = {
    "ok": N_("OK"),
    "warning": N_("Note"),
    "failed": N_("Action needed"),
    "skipped": N_("Skipped"),
}
CHECK_ICONS: Mapping[str, str] = {"ok": "check", "warning": "warning", "failed": "error", "skipped": "info"}
