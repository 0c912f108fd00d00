"""Which case an event names."""

from typing import Any

import orjson
import pytest

from case_shared.d365.mapping import CaseFields, CaseTable, Mapping
from case_shared.words.errors import UnreadableRecord
from status_sync.domain.due_reads import CaseKey, KeyKind
from status_sync.domain.recognition import Recognition, Recognized

# The envelope as captured (reference: business events), with what our event adds.
CAPTURED: dict[str, Any] = {
    "BusinessEventId": "CaseStatusChangedBusinessEvent",
    "BusinessEventLegalEntity": "usmf",
    "CaseId": "CAS-000017",
    "CaseStatus": "InProcess",
    "ContextRecordSubject": "",
    "ControlNumber": 5637611083,
    "CustomerAccount": "US-001",
    "EventId": "3C47A4CD-92DE-4B46-A7E5-3AB3A4CFD1F5",
    "EventTime": "/Date(1672408275000)/",
    "EventTimeIso8601": "2022-12-30T13:51:15.2942742Z",
    "InitiatingUserAADObjectId": "{9C6A1B2D-1B0A-4F0E-9C3B-6A2D1B0A4F0E}",
    "MajorVersion": 0,
    "MinorVersion": 0,
    "ParentContextRecordSubjects": [],
    "WebCaseId": "W000000001",
}
BY_CASE_ID = CaseKey("usmf", KeyKind.CASE_ID, "CAS-000017")
BY_WEB_CASE_ID = CaseKey("usmf", KeyKind.WEB_CASE_ID, "W000000001")


def read(**changes: Any) -> Recognized:
    event = {name: value for name, value in (CAPTURED | changes).items() if value is not None}
    return Recognition(Mapping()).read(orjson.dumps(event))


@pytest.mark.parametrize(
    ("changes", "case", "expected"),
    [
        ({}, BY_CASE_ID, True),
        ({"BusinessEventLegalEntity": "USMF"}, BY_CASE_ID, True),
        ({"CaseId": ""}, BY_WEB_CASE_ID, True),
        ({"CaseId": None}, BY_WEB_CASE_ID, True),
        ({"CaseId": " CAS-000017 "}, BY_CASE_ID, True),
        ({"WebCaseId": None}, BY_CASE_ID, True),
        ({"BusinessEventId": "SomethingElseBusinessEvent"}, BY_CASE_ID, False),
        ({"CaseId": None, "WebCaseId": ""}, None, True),
        ({"BusinessEventLegalEntity": ""}, None, True),
        ({"BusinessEventLegalEntity": None}, None, True),
        ({"CaseId": 17, "WebCaseId": {"a": 1}}, None, True),
        ({"CaseId": "CAS-*"}, BY_WEB_CASE_ID, True),
        ({"CaseId": "'; DROP TABLE cases"}, CaseKey("usmf", KeyKind.CASE_ID, "'; DROP TABLE cases"), True),
    ],
)
def test_an_event_names_a_case(changes: dict[str, Any], case: CaseKey | None, expected: bool) -> None:
    found = read(**changes)
    assert (found.case, found.expected) == (case, expected)


def test_the_mappings_own_field_names_count_too() -> None:
    mapping = Mapping(case=CaseTable(fields=CaseFields(case_id="AnnCaseNum", web_case_id="AnnWebCaseId")))
    event = {"BusinessEventId": "X", "BusinessEventLegalEntity": "usmf", "AnnWebCaseId": "W000000001"}
    assert Recognition(mapping).read(orjson.dumps(event)).case == BY_WEB_CASE_ID


@pytest.mark.parametrize(
    ("value", "cause"),
    [
        (None, "no value"),
        (b"", "not valid JSON"),
        (b"\xff\xfe", "not valid JSON"),
        (b"null", "BusinessEventId"),
        (b"[]", "BusinessEventId"),
        (b'"text"', "BusinessEventId"),
        (b"{}", "BusinessEventId"),
        (b'{"BusinessEventId": null}', "BusinessEventId"),
        (b'{"BusinessEventId": " "}', "BusinessEventId"),
        (b'{"BusinessEventId": 5}', "BusinessEventId"),
    ],
)
def test_what_has_no_envelope_is_unreadable(value: bytes | None, cause: str) -> None:
    with pytest.raises(UnreadableRecord, match=cause):
        Recognition(Mapping()).read(value)


@pytest.mark.parametrize(
    "changes",
    [
        {"CaseId": "*", "WebCaseId": ""},
        {"CaseId": None, "WebCaseId": "W*"},
        {"BusinessEventLegalEntity": "*"},
        {"CaseId": "x" * 101, "WebCaseId": "a\u0000b"},
        {"CaseId": "a\u2028b", "WebCaseId": ""},
    ],
)
def test_a_key_that_d365_must_not_be_asked_for_names_no_case(changes: dict[str, Any]) -> None:
    found = read(**changes)
    assert (found.case, found.expected, found.unusable) == (None, True, True)
