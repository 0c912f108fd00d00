"""Texts of the steps `queries` to `status_symbols`, and of any step: how well D365 serves us."""

from collections.abc import Mapping

from case_shared.d365.check.text import Text

_CLOCK = "Correct this computer's clock (NTP)."
_ACTIVATE = (
    "In D365, System administration > Setup > Business events > Business events catalog: activate the event for that "
    "legal entity. Check the endpoint, its Errors tab, and that the business events batch job is running. If the tab "
    "says 401, the endpoint's secret is not D365_EVENTS_SECRET of status-sync."
)
_COMPANY = (
    "With --company, name a legal entity that has customers and case categories, or grant the service user access."
)
_CUT = "D365 stored only %(stored)s of %(sent)s characters of %(field)s."
_REFUSED_LONGER = "D365 accepts %(kept)s characters in %(field)s, but the portal allows %(sent)s."
_LONGER = 'In D365_MAPPING, [case.fields], map %(ours)s to a field of %(sent)s characters, or to "".'

USE: Mapping[str, Text] = {
    # queries
    "queries_work": Text("All queries that Casebridge uses work. A filter can have %(terms)s terms joined by or."),
    "or_refused": Text(
        "D365 rejects a filter on %(field)s: %(why)s",
        "In D365_MAPPING, [case.fields], map %(ours)s to a field that D365 can filter on.",
    ),
    "filter_ignored": Text(
        "D365 ignores a filter on %(field)s: it returns other cases, too.",
        "Ask the D365 administrator to correct the entity: %(field)s must be a field of its query, not a computed "
        "field.",
    ),
    "keyset_refused": Text(
        "D365 rejects reading further by modified time: %(why)s",
        "In D365_MAPPING, [case.fields], map modified_at to the system's modified time (SysModifiedDateTime), and "
        "rec_id to a RecId field (Int64).",
    ),
    "order_ignored": Text(
        "D365 does not sort cases by %(field)s, so Casebridge would miss changes.",
        "In D365_MAPPING, [case.fields], map modified_at to the system's modified time (SysModifiedDateTime).",
    ),
    "wildcard_refused": Text(
        "Search by part of a text does not work (%(why)s). Operators find cases in D365 by complete IDs only.",
    ),
    # clock
    "clocks_agree": Text("This computer's clock and D365's differ by %(seconds)s s."),
    "no_date": Text("D365's answers contain no date, so the clocks could not be compared."),
    "clock_ahead": Text("This computer's clock is %(seconds)s s ahead of D365's.", _CLOCK),
    "clock_behind": Text("This computer's clock is %(seconds)s s behind D365's.", _CLOCK),
    "modified_in_future": Text(
        "D365 says that case %(case_id)s was modified at %(moment)s, in the future. Casebridge would miss later "
        "changes.",
        "Ask the D365 administrator to correct the server's clock or that record. Check modified_at in [case.fields].",
    ),
    # write
    "uniqueness_unproven": Text(
        "Nothing proves yet that D365 rejects a second case with the same Web Case ID.",
        "Run casebridge d365 check --write --company CODE, preferably in a test company. It leaves at most two "
        "canceled cases.",
    ),
    "uniqueness_proven_before": Text("D365 rejected a second case with the Web Case ID of case %(case_id)s on %(at)s."),
    "not_unique_by_mapping": Text(
        "The mapping says web_case_id_unique = false, so a process that freezes may create a case twice.",
        "Install the model Casebridge, which keeps the Web Case ID unique, and set web_case_id_unique = true. Until "
        "then, d365-sync starts only with D365_ACCEPT_RARE_DUPLICATES=true.",
    ),
    "unique": Text("D365 rejects a second case with the same Web Case ID."),
    "created": Text("Case %(case_id)s was created in %(company)s and stored as it was sent."),
    "created_otherwise": Text("Case %(case_id)s was created in %(company)s."),
    "created_not_shown": Text(
        "D365 created case %(case_id)s in %(company)s, but does not show it.",
        "Ask the D365 administrator to check that the service user's role shows cases of %(company)s, that the entity "
        "of %(entity_set)s uses outer joins, and that nothing files a new case under another legal entity.",
    ),
    "not_unique": Text(
        "D365 accepted a second case (%(case_id)s) with the same Web Case ID: cases can be created twice.",
        "Install the model Casebridge: its table CBCaseLink keeps the Web Case ID unique. Until then, set "
        "web_case_id_unique = false in D365_MAPPING and D365_ACCEPT_RARE_DUPLICATES=true.",
    ),
    "blanks_pass": Text("D365 accepts two cases without a Web Case ID."),
    "blanks_refused": Text(
        "D365 rejects a second case without a Web Case ID: %(why)s. D365's own staff could create only one case.",
        "Ask the D365 administrator to keep the unique Web Case ID in a separate table (CBCaseLink of our model).",
    ),
    "blanks_not_tried": Text(
        "Two cases without a Web Case ID were not tried: D365 has fewer than two of them, and the service user may not "
        "delete cases.",
    ),
    "second_unclear": Text(
        "D365 gave no clear answer to the second case with the same Web Case ID: %(why)s", "Run the check again."
    ),
    "control_refused": Text(
        "D365 rejects a second case not only with the same Web Case ID, but also with another one: %(why)s. So nothing "
        "proves that the Web Case ID is unique.",
        "Ask the D365 administrator which rule rejects a case like an earlier one, and run the check again without it.",
    ),
    "cut": Text(
        _CUT,
        "In D365_MAPPING, [case.lengths], set %(ours)s = %(stored)s, so that dealers see the limit before they submit.",
    ),
    "cut_without_limit": Text(_CUT, _LONGER),
    "changed": Text(
        "D365 stored %(field)s with another value than was sent.",
        "Ask the D365 administrator what changes the field when a case is created.",
    ),
    "submission_id_changed": Text(
        "D365 did not store %(field)s as it was sent, so Casebridge could not recognize its own case after a lost "
        "answer.",
        "In D365_MAPPING, [case.fields], map submission_id to a text field of 36 characters that nothing changes, or "
        'to "".',
    ),
    "refused_longer": Text(
        _REFUSED_LONGER,
        "In D365_MAPPING, [case.lengths], set %(ours)s = %(kept)s, so that dealers see the limit before they submit.",
    ),
    "refused_longer_without_limit": Text(_REFUSED_LONGER, _LONGER),
    "too_long": Text(
        "D365 rejects texts as long as the portal allows: %(why)s",
        "In D365_MAPPING, [case.lengths], set the lengths that D365 accepts, so that dealers see the limits before "
        "they submit.",
    ),
    "create_refused": Text(
        "D365 rejects a new case: %(why)s",
        "Correct what it names in D365: a mandatory field, a number sequence, a category or a customer.",
    ),
    "create_unclear": Text(
        "D365 gave no clear answer to a new case: %(why)s",
        "Look in D365 for a case with the Web Case ID %(web_case_id)s, close it, and run the check again.",
    ),
    "created_without_answer": Text("D365 gave no clear answer to a new case, but created it as %(case_id)s: %(why)s"),
    "no_customer_there": Text("The check cannot create a case in %(company)s: D365 shows no customer there.", _COMPANY),
    "no_category_there": Text(
        "The check cannot create a case in %(company)s: D365 shows no case category there that dealers can see.",
        _COMPANY,
    ),
    "left_cancelled": Text("Case %(case_id)s remains, canceled, because the service user may not delete it."),
    "left_closed": Text("Case %(case_id)s remains, closed, because the service user may not delete it."),
    "left_nothing": Text("Case %(case_id)s was deleted again. Nothing is left."),
    "left_open": Text(
        "Case %(case_id)s is still open: %(why)s", "Close case %(case_id)s of %(company)s manually in D365."
    ),
    # events
    "event_came": Text("D365 sent a business event for the case within %(seconds)s s."),
    "no_event": Text(
        "No business event (%(event)s) for %(company)s arrived within %(seconds)s s.",
        _ACTIVATE,
    ),
    "events_heard": Text("Business events have arrived for every legal entity with dealers."),
    "never_heard": Text("No business event (%(event)s) has ever arrived for %(companies)s.", _ACTIVATE),
    "events_need_write": Text(
        "Events are checked only with --write, because a case must change before D365 sends one."
    ),
    "events_need_kafka": Text(
        "Events were not checked because Kafka cannot be reached (%(why)s).",
        "To check them, set KAFKA_BOOTSTRAP_SERVERS and the other Kafka settings. Without events, changes still "
        "arrive, but later.",
    ),
    # throttling
    "fast": Text("D365 did not throttle. Five reads took %(fastest)s to %(slowest)s s."),
    "slow": Text(
        "D365 is slow: five reads took %(fastest)s to %(slowest)s s.",
        "Ask the D365 administrator to check the environment's load. D365_TIMEOUT_SECONDS must be much higher than "
        "this.",
    ),
    "throttled": Text(
        "D365 answered 429 to %(times)s requests of this check and asked to wait %(seconds)s s.",
        "In D365, System administration > Setup > Throttling priority mapping: give client %(client_id)s a high "
        "priority. Lower D365_MAX_CONCURRENCY.",
    ),
    # status symbols
    "symbols_mapped": Text("All case statuses of D365 are mapped: %(symbols)s."),
    "symbols_not_known": Text(
        "D365's metadata service does not list the case statuses. The statuses of its cases are mapped."
    ),
    "symbol_not_mapped": Text(
        "D365's status %(symbol)s is not mapped. Cases with it keep their previous status in the portal.",
        "In D365_MAPPING, [status], map %(symbol)s to submitted, in_process, open, closed or canceled.",
    ),
    # any step
    "skipped": Text("Not checked because step %(step)s failed."),
    "refused": Text("D365 rejects this step's requests: %(why)s", "See step entities, and check D365_MAPPING."),
    "unavailable": Text("D365 does not answer this step's requests: %(why)s", "Run the check again."),
    "throttled_now": Text(
        "D365 answers every request with 429 (too many requests).",
        "Run the check again later. In D365, System administration > Setup > Throttling priority mapping: give client "
        "%(client_id)s a high priority.",
    ),
}
