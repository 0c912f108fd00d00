"""The console's texts for the codes of the operators' API; translated where they are shown."""

from collections.abc import Mapping

from portal_web.web.words import N_

STATES: Mapping[str, str] = {
    "pending": N_("Waiting"),
    "delivering": N_("Being sent"),
    "verifying": N_("Being looked up"),
    "deferred": N_("Put off"),
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
    "exists_with_other_content": N_("D365 has it with other content"),
    "found_twice": N_("D365 has it twice"),
    "unusable_case_id": N_("D365 gave no usable Case ID"),
    "invalid_payload": N_("The payload cannot be read"),
    "attempts_exhausted": N_("No clear answer, too often"),
    "superseded": N_("An earlier submission arrived"),
    "throttled": N_("D365 is busy"),
    "unreachable": N_("D365 is not reachable"),
    "no_answer": N_("No clear answer"),
    "unauthorized": N_("D365 does not let us in"),
    "misconfigured": N_("The mapping does not fit D365"),
    "read_back": N_("Found by a look-up"),
    "evidence": N_("D365 told of it"),
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
    "unsent": N_("submitted, not handed over yet"),
    "kafka": N_("handed over, not taken in yet"),
    "queue": N_("wait for their turn"),
    "d365": N_("being sent or looked up"),
    "status": N_("to be told or read"),
}
RATES: Mapping[str, str] = {
    "unsent": N_("submitted"),
    "kafka": N_("taken in"),
    "queue": N_("sent"),
    "d365": N_("delivered"),
    "status": N_("known to the portal"),
}
FAILURES: Mapping[str, str] = {
    "unsent": N_("refused by Kafka"),
    "kafka": N_("unreadable"),
    "queue": N_("failed"),
    "d365": N_("tries in vain"),
    "status": N_("not shown by D365"),
}
CONCERNS: Mapping[str, str] = {
    "environment_refused": N_("D365_URL is another environment than before: nothing is sent"),
    "breaker_open": N_("D365 is left alone, since it does not answer as it should"),
    "paused": N_("Delivery is paused by an operator"),
    "maintenance": N_("A maintenance window is under way"),
    "consumer_paused": N_("A consumer stands still: too much cannot be read"),
    "old": N_("The oldest one waits too long"),
    "refused_by_kafka": N_("Kafka refuses what is sent"),
    "dead_letters": N_("Documents failed and need an operator"),
    "unreadable": N_("Records could not be read"),
    "poll_late": N_("The last full reading of D365 is long ago"),
    "moved_cases": N_("Cases belong to another customer in D365 than in the portal"),
    "deleted_cases": N_("Cases were deleted in D365"),
    "case_id_reused": N_("D365 gave a Case ID to a second case: its case shows nothing new"),
    "environment_refreshed": N_(
        "D365 holds another Casebridge's cases under our Case IDs: it was refreshed from another one"
    ),
    "known_cases_not_shown": N_("D365 shows none of the cases it had: check its roles and companies, then the runbook"),
    "events_of_other_environment": N_("Events of another D365 environment arrive: delete its endpoint there"),
    "stored_differently": N_("D365 stored other text than was sent"),
    "uniqueness_unproven": N_("It is not proven that D365 refuses a Web Case ID twice"),
    "second_case": N_("D365 has a second case with the same Web Case ID"),
    "step_never_succeeded": N_("A step has never succeeded since its service started"),
    "step_late": N_("A step has not succeeded for too long"),
    "consumer_stopped": N_("A consumer has stopped reading"),
    "consumer_lags": N_("A consumer falls behind"),
    "partitions_unowned": N_("Nobody reads some partitions of a topic"),
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
    "stored_differently": N_("D365 stored other text"),
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
    "replay": N_("It is looked up in D365 first, and sent only where it is not there. It queues behind new cases."),
    "verify": N_("D365 is asked for it now. Nothing is sent."),
    "return": N_("The dealer gets a draft again and sees your reason."),
    "discard": N_("It is ended, and the dealer sees your reason. You can restore it."),
    "restore": N_("It is a failed document again, as before it was discarded."),
    "link": N_("The document counts as delivered, as that case of D365. This cannot be undone."),
    "acknowledge": N_("The alarm ends. The same finding, told again, is no alarm any more."),
}
# What a link does to a delivered document that D365 has twice.
LINK_TO_THE_OTHER = N_("The portal follows that case from now on, and the alarm ends.")
DONE: Mapping[str, str] = {
    "replay": N_("It is back in the queue."),
    "link": N_("It is linked."),
    "verify": N_("D365 was asked."),
    "return": N_("It was returned to the dealer."),
    "discard": N_("It was discarded."),
    "restore": N_("It was restored."),
    "acknowledge": N_("The alarm is ended."),
    "note": N_("The note was added."),
}
OBSTACLES: Mapping[str, str] = {
    "scope": N_("You may only look."),
    "being_sent": N_("It is being sent at this moment."),
    "not_proven": N_("An attempt is not proven yet: verify first."),
    "on_its_way": N_("It is on its way and needs nobody."),
    "delivered": N_("D365 has it."),
    "at_an_end": N_("It was returned or discarded."),
    "not_discarded": N_("Only what was discarded can be restored."),
    "dead_letter": N_("It is not discarded."),
    "looked_up_now": N_("It is being looked up at this moment."),
    "payload_emptied": N_("Its payload was emptied: nothing could be compared with it."),
    "no_alarm": N_("There is no alarm on it."),
}
AUDIT_ACTIONS: Mapping[str, str] = {
    "replay": N_("Replayed"),
    "replay_all": N_("Replayed many"),
    "dry_run": N_("Dry run"),
    "pause_replay": N_("Replay paused"),
    "resume_replay": N_("Replay resumed"),
    "cancel_replay": N_("Replay cancelled"),
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
    "let_through": N_("Consumer let through"),
    "add_window": N_("Maintenance planned"),
    "end_window": N_("Maintenance ended"),
    "see_record": N_("Record seen"),
    "erase": N_("Personal data erased"),
}
REPLAY_STATES: Mapping[str, str] = {
    "running": N_("Running"),
    "paused": N_("Paused"),
    "completed": N_("Completed"),
    "canceled": N_("Cancelled"),
}
OUTCOMES: Mapping[str, str] = {
    "delivered": N_("Delivered"),
    "rejected": N_("Refused"),
    "unknown": N_("No clear answer"),
    "deferred": N_("Put off"),
    "found": N_("Found"),
    "other_content": N_("Found with other content"),
    "earlier_submission": N_("Found: an earlier submission"),
    "found_twice": N_("Found twice"),
    "unusable_case_id": N_("Found without a usable Case ID"),
    "absent": N_("Not there"),
    "unsure": N_("Nothing is proven"),
    "replayed": N_("Back in the queue"),
    "left_out": N_("Left out"),
    "would_create": N_("Would be created"),
    "already_there": N_("Is there already"),
    "still_invalid": N_("Would fail again"),
}
KINDS: Mapping[str, str] = {"create": N_("Sent to D365"), "read_back": N_("Looked up in D365")}
WINDOW_STATES: Mapping[str, str] = {
    "under_way": N_("Under way"),
    "to_come": N_("To come"),
    "over": N_("Over"),
    "called_off": N_("Called off"),
}
PAYLOAD_FIELDS: Mapping[str, str] = {
    "/category": N_("Category"),
    "/category_type": N_("Category type"),
    "/priority": N_("Priority"),
    "/description": N_("Description"),
    "/contact/name": N_("Contact name"),
    "/contact/email": N_("Contact e-mail"),
    "/contact/phone": N_("Contact phone"),
    "/notes": N_("Notes"),
}
# By the mapping's names, as in differences.
SENT_FIELDS: Mapping[str, str] = {
    "category": N_("Category"),
    "category_type": N_("Category type"),
    "priority": N_("Priority"),
    "description": N_("Description"),
    "contact_name": N_("Contact name"),
    "contact_email": N_("Contact e-mail"),
    "contact_phone": N_("Contact phone"),
    "notes": N_("Notes"),
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
    "delivered_not_found": N_("Delivered, but D365 does not have it"),
    "found_not_delivered": N_("D365 has it, but it is not delivered"),
    "found_twice": N_("D365 has it twice"),
}
CHECK_STEPS: Mapping[str, str] = {
    "settings": N_("Settings"),
    "network": N_("Network"),
    "token": N_("Access token"),
    "service": N_("Admission to D365"),
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
    "ok": N_("In order"),
    "warning": N_("Worth knowing"),
    "failed": N_("To do"),
    "skipped": N_("Not looked at"),
}
CHECK_ICONS: Mapping[str, str] = {"ok": "check", "warning": "warning", "failed": "error", "skipped": "info"}
