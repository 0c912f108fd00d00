"""How each event is handled, as a table."""

import pytest

from case_shared.words.identifiers import new_marked_id
from status_sync.domain.due_reads import CaseKey, KeyKind
from status_sync.domain.event_notes import Note, NoteKind, Outcome, Standing, Strangers, judge, keys_of, note_of
from status_sync.domain.recognition import Recognized

CASE = CaseKey("usmf", KeyKind.CASE_ID, "C-1")
UNNUMBERED = CaseKey("usmf", KeyKind.WEB_CASE_ID, "W1")
ELSEWHERE = CaseKey("demf", KeyKind.CASE_ID, "C-9")
OTHERS, OURS, KNOWN = Standing(False, True), Standing(True, False, CASE), Standing(True, True)
STRANGE, ABROAD = Standing(True, False), Standing(False, False, ELSEWHERE)


@pytest.mark.parametrize(
    ("event", "standing", "outcome", "kind"),
    [
        (Recognized(CASE, True, legal_entity="usmf"), KNOWN, Outcome.DUE, NoteKind.STATUS),
        (Recognized(CASE, True, legal_entity="usmf", web_case_id="W1"), OURS, Outcome.DUE, NoteKind.STATUS),
        (Recognized(CASE, True, legal_entity="usmf", web_case_id="W1"), ABROAD, Outcome.DUE, None),
        (Recognized(CASE, False, legal_entity="usmf"), KNOWN, Outcome.DUE_BY_OTHER_EVENT, None),
        (Recognized(CASE, True, legal_entity="usmf"), STRANGE, Outcome.STRANGER, NoteKind.STATUS),
        (Recognized(CASE, True, legal_entity="usmf", web_case_id="W1"), STRANGE, Outcome.FOREIGN, NoteKind.FOREIGN),
        (
            Recognized(CASE, True, legal_entity="usmf", web_case_id=new_marked_id()),
            STRANGE,
            Outcome.CHECK,
            NoteKind.STATUS,
        ),
        (Recognized(CASE, True, legal_entity="usmf"), OTHERS, Outcome.NO_DEALER, NoteKind.NO_DEALER),
        (Recognized(CASE, True, environment="uat"), KNOWN, Outcome.OTHER_ENVIRONMENT, NoteKind.OTHER_ENVIRONMENT),
        (Recognized(None, True), STRANGE, Outcome.NO_CASE, None),
        (Recognized(None, True, unusable=True), STRANGE, Outcome.UNUSABLE, None),
        (Recognized(None, False, test=True, legal_entity="001"), OTHERS, Outcome.TEST, NoteKind.TEST),
    ],
)
def test_what_becomes_of_an_event(
    event: Recognized, standing: Standing, outcome: Outcome, kind: NoteKind | None
) -> None:
    assert judge(event, standing, Strangers(), 0) is outcome
    note = note_of(event, standing, outcome)
    assert note == (Note(kind, event.environment or event.legal_entity) if kind else None)


@pytest.mark.parametrize(
    ("standing", "keys"),
    [
        (KNOWN, {CASE}),
        (OURS, {CASE}),
        (ABROAD, {ELSEWHERE}),
        (Standing(True, False, ELSEWHERE), {CASE, ELSEWHERE}),
        (Standing(True, True, ELSEWHERE), {CASE, ELSEWHERE}),
        (Standing(True, False, UNNUMBERED), {CASE}),
        (
            Standing(False, False, UNNUMBERED),
            {UNNUMBERED},
        ),
    ],
)
def test_a_case_of_ours_is_read_where_it_is_and_where_the_event_says(standing: Standing, keys: set[CaseKey]) -> None:
    assert keys_of(Recognized(CASE, True, legal_entity="usmf", web_case_id="W1"), standing) == keys


def test_cases_that_nobody_knows_are_looked_at_so_many_a_minute_and_each_once() -> None:
    strangers = Strangers(per_minute=2)
    assert [strangers.admit(case, 10.0) for case in ("a", "a", "b", "c")] == [True, False, True, False]
    assert [strangers.admit(case, 69.9) for case in ("a", "c")] == [False, False]
    assert [strangers.admit(case, 70.0) for case in ("c", "a", "b")] == [True, True, False]
