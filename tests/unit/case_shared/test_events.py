import re
from datetime import UTC, datetime
from uuid import UUID

import pytest

from case_shared.words.errors import UnreadableRecord
from case_shared.words.events import CaseContent, CaseDelivery, CaseSubmitted, Contact, Record, decode, header
from case_shared.words.identifiers import derived_web_case_id

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SUBMITTED = CaseSubmitted(
    web_case_id=derived_web_case_id("usmf", "1"),
    submission_no=1,
    submission_id=UUID(int=1),
    dealer="usmf-us-001",
    data_area_id="usmf",
    customer_account="US-001",
    content=CaseContent(category="Repair", contact=Contact(name="Anna Þórsdóttir")),
    created_by="anna",
    submitted_at=NOW,
)


def record(traceparent: str | None = None) -> Record:
    return Record.of(SUBMITTED, source="case-api", time=NOW, traceparent=traceparent)


def test_an_event_survives_the_wire() -> None:
    sent = record()
    assert decode(CaseSubmitted, sent.value, sent.headers) == SUBMITTED
    assert (sent.topic, sent.key) == ("case.submitted.v1", SUBMITTED.web_case_id.encode())


def test_attributes_are_those_of_cloudevents_in_binary_mode() -> None:
    headers = dict(record("00-" + "a" * 32 + "-" + "b" * 16 + "-01").headers)
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_id"] == str(UUID(int=1)).encode()
    assert headers["ce_source"] == b"/casebridge/case-api"
    assert headers["ce_type"] == b"case.submitted.v1"
    assert headers["content-type"] == b"application/json"
    assert headers["traceparent"].startswith(b"00-aaa")


@pytest.mark.parametrize(
    ("value", "headers", "cause"),
    [
        (None, [], "no value"),
        (b"\xff\xfe", [], "Invalid JSON"),
        (b"{", [], "Invalid JSON"),
        (b"{}", [], "web_case_id: Field required"),
        (record().value, [("ce_type", b"something.else")], "ce_type"),
        (record().value.replace(b'"submission_no":1', b'"submission_no":0'), [], "submission_no"),
        (record().value.replace(b"Repair", b"Re\\u0000pair"), [], "content.category"),
        (record().value.replace(b"Repair", b"x" * 200), [], "content.category"),
        (record().value.replace(b"12:00:00Z", b"12:00:00"), [], "submitted_at"),
    ],
)
def test_what_cannot_be_read_says_why(value: bytes | None, headers: list[tuple[str, bytes]], cause: str) -> None:
    with pytest.raises(UnreadableRecord, match=re.escape(cause)):
        decode(CaseSubmitted, value, headers)


def test_fields_of_a_newer_sender_are_ignored() -> None:
    value = record().value[:-1] + b',"added_later":1}'
    assert decode(CaseSubmitted, value, []) == SUBMITTED


def test_an_event_of_another_type_is_refused() -> None:
    with pytest.raises(UnreadableRecord, match=r"expected 'case\.delivery\.v1'"):
        decode(CaseDelivery, record().value, record().headers)


def test_a_header_that_is_no_text_hurts_nobody() -> None:
    assert header([("traceparent", b"\xff"), ("other", None)], "traceparent") == "\ufffd"
    assert header([("traceparent", None)], "traceparent") is None
