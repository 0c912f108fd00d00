"""Texts of the steps `queries` to `status_symbols`, and of any step: how well D365 serves us."""

from collections.abc import Mapping

from case_shared.d365.check.text import Text

_CLOCK = "Correct this computer's clock (NTP)."
_ACTIVATE = (
    "In D365, System administration > Setup > Business events > Business events catalog: activate it for that "
    "legal entity; check the endpoint, its Errors tab, and that the business events batch job runs."
)
_COMPANY = (
    "Name a legal entity that has customers and case categories with --company, or grant the service user access."
)

USE: Mapping[str, Text] = {
    # queries
    "queries_work": Text("All query forms that Casebridge uses work; a filter may have %(terms)s terms joined by or."),
    "or_refused": Text(
        "D365 refuses a filter on %(field)s: %(why)s",
        "Map %(ours)s in D365_MAPPING, [case.fields], to a field by which D365 lets a filter choose.",
    ),
    "filter_ignored": Text(
        "D365 does not apply a filter on %(field)s: it shows cases that were not asked for.",
        "Have the D365 administrator correct the entity: %(field)s must be a field of its query, not a computed one.",
    ),
    "keyset_refused": Text(
        "D365 refuses to read on by modified time: %(why)s",
        "Map modified_at and rec_id in D365_MAPPING, [case.fields], to the system's modified time "
        "(SysModifiedDateTime) and to a RecId field (Int64).",
    ),
    "order_ignored": Text(
        "D365 does not order cases by %(field)s: changes would be missed.",
        "Map modified_at in D365_MAPPING, [case.fields], to the system's modified time (SysModifiedDateTime).",
    ),
    "wildcard_refused": Text(
        "A search by part of a text does not work (%(why)s): operators find cases in D365 by whole ids only.",
    ),
    # clock
    "clocks_agree": Text("This computer's clock and D365's differ by %(seconds)s s."),
    "no_date": Text("D365's answers have no date: the clocks could not be compared."),
    "clock_ahead": Text("This computer's clock is %(seconds)s s ahead of D365's.", _CLOCK),
    "clock_behind": Text("This computer's clock is %(seconds)s s behind D365's.", _CLOCK),
    "modified_in_future": Text(
        "Case %(case_id)s was modified at %(moment)s, which is in the future: later changes would be missed.",
        "Have the D365 administrator correct the server's clock or that record; check modified_at in [case.fields].",
    ),
    # write
    "uniqueness_unproven": Text(
        "It is not proven that D365 refuses a Web Case ID twice.",
        "Run casebridge d365 check --write --company CODE, best in a test company: it leaves one cancelled case at "
        "most.",
    ),
    "uniqueness_proven_before": Text("D365 refused a Web Case ID twice on %(at)s, with case %(case_id)s."),
    "not_unique_by_mapping": Text(
        "The mapping says web_case_id_unique = false: a frozen process may create a case twice.",
        "Install the model Casebridge, which keeps the Web Case ID unique, and set web_case_id_unique = true; until "
        "then d365-sync starts with D365_ACCEPT_RARE_DUPLICATES=true only.",
    ),
    "unique": Text("D365 refuses a second case with the same Web Case ID, and takes two cases without one."),
    "created": Text("Case %(case_id)s was created in %(company)s and stored as sent."),
    "created_otherwise": Text("Case %(case_id)s was created in %(company)s."),
    "not_unique": Text(
        "D365 took a second case (%(case_id)s) with the same Web Case ID: cases can be created twice.",
        "Install the model Casebridge: its table CBCaseLink keeps the Web Case ID unique. Until then set "
        "web_case_id_unique = false in D365_MAPPING and D365_ACCEPT_RARE_DUPLICATES=true.",
    ),
    "blanks_refused": Text(
        "D365 refuses a second case without a Web Case ID: %(why)s. Its own staff could create one case only.",
        "Have the D365 administrator keep the unique Web Case ID in a table of its own (CBCaseLink of our model).",
    ),
    "blanks_not_tried": Text(
        "Whether two cases without a Web Case ID are allowed was not tried: D365 has fewer than two of them, and the "
        "service user may not delete cases.",
    ),
    "second_unclear": Text(
        "The second case with the same Web Case ID got no clear answer: %(why)s", "Run the check again."
    ),
    "cut": Text(
        "D365 stored %(stored)s of %(sent)s characters of %(field)s.",
        "Set %(ours)s = %(stored)s in D365_MAPPING, [case.lengths], so that dealers are told before they submit.",
    ),
    "changed": Text(
        "D365 stored %(field)s otherwise than it was sent.",
        "Have the D365 administrator look for what changes the field when a case is created.",
    ),
    "refused_longer": Text(
        "D365 keeps %(kept)s characters of %(field)s and refuses more; the portal allows %(sent)s.",
        "Set %(ours)s = %(kept)s in D365_MAPPING, [case.lengths], so that dealers are told before they submit.",
    ),
    "too_long": Text(
        "D365 refuses texts as long as the portal allows: %(why)s",
        "Set the lengths that D365 keeps in D365_MAPPING, [case.lengths], so that dealers are told before they submit.",
    ),
    "create_refused": Text(
        "D365 refuses to create a case: %(why)s",
        "Correct in D365 what it names: a mandatory field, a number sequence, a category or a customer.",
    ),
    "create_unclear": Text(
        "Creating a case got no clear answer: %(why)s",
        "Look in D365 for a case with the Web Case ID %(web_case_id)s, close it, and run the check again.",
    ),
    "created_without_answer": Text("Creating case %(case_id)s got no clear answer, but D365 has it: %(why)s"),
    "no_customer_there": Text("No case can be created in %(company)s: D365 shows no customer there.", _COMPANY),
    "no_category_there": Text(
        "No case can be created in %(company)s: D365 shows no case category there that dealers see.", _COMPANY
    ),
    "left_cancelled": Text("Case %(case_id)s is left, cancelled: the service user may not delete it."),
    "left_nothing": Text("Case %(case_id)s was deleted again: nothing is left."),
    "left_open": Text(
        "Case %(case_id)s is left open: %(why)s", "Close case %(case_id)s of %(company)s in D365 by hand."
    ),
    # events
    "event_came": Text("D365 sent a business event of the case within %(seconds)s s."),
    "no_event": Text(
        "No event of %(event)s for %(company)s came within %(seconds)s s.",
        _ACTIVATE,
    ),
    "events_heard": Text("Business events have come for every legal entity with dealers."),
    "never_heard": Text("No event of %(event)s has ever come for %(companies)s.", _ACTIVATE),
    "events_need_write": Text("Events are looked for with --write alone: a case must change for one to come."),
    "events_need_kafka": Text(
        "Events were not looked for: Kafka is not reached (%(why)s).",
        "Set KAFKA_BOOTSTRAP_SERVERS and its like to look for them. Cases are read without events too, but later.",
    ),
    # throttling
    "fast": Text("D365 did not throttle; five reads took %(fastest)s to %(slowest)s s."),
    "slow": Text(
        "D365 is slow: five reads took %(fastest)s to %(slowest)s s.",
        "Have the D365 administrator look at the environment's load; D365_TIMEOUT_SECONDS must exceed this by far.",
    ),
    "throttled": Text(
        "D365 answered 429 to %(times)s requests of this check and asked to wait %(seconds)s s.",
        "In D365, System administration > Setup > Throttling priority mapping: give client %(client_id)s a high "
        "priority; lower D365_MAX_CONCURRENCY.",
    ),
    # status symbols
    "symbols_mapped": Text("All case statuses of D365 are mapped: %(symbols)s."),
    "symbols_not_known": Text(
        "D365's metadata service does not name the case statuses; those of its cases are mapped."
    ),
    "symbol_not_mapped": Text(
        "Status %(symbol)s of D365 is not mapped: a case in it keeps the status that it had.",
        "Add %(symbol)s to [status] in D365_MAPPING: submitted, in_process, open, closed or canceled.",
    ),
    # any step
    "skipped": Text("Not looked at, since step %(step)s failed."),
    "refused": Text("D365 refuses what this step asks: %(why)s", "See step entities; check D365_MAPPING."),
    "unavailable": Text("D365 gives no answer to this step: %(why)s", "Run the check again."),
    "throttled_now": Text(
        "D365 answers 429 (too many requests) whatever is asked.",
        "Run the check again later; in D365, System administration > Setup > Throttling priority mapping: give client "
        "%(client_id)s a high priority.",
    ),
}
