"""What D365's JSON may contain, and how it is read."""

import pytest

from case_shared.d365.matching import is_ours
from case_shared.d365.models import CaseToCreate, Customer, D365Case
from case_shared.d365.reasons import full_text, reason_for_dealers
from case_shared.d365.texts import parse_json, readable

HALF, NUL = "\ud83d", "\x00"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (rb'{"a": "cut \ud83d"}', {"a": "cut �"}),
        (rb'{"a": "\ude00 cut"}', {"a": "� cut"}),
        (rb'{"a": "\ud83d\ude00"}', {"a": "😀"}),
        (rb'[{"a": "x\u0000y", "b": ["\u0000"]}, "fine"]', [{"a": "x�y", "b": ["�"]}, "fine"]),
        (rb'{"\ud83d": 1}', {"�": 1}),
        (b'{"a": "\xed\xa0\xbd \xff"}', {"a": "��� �"}),
        (b'\xef\xbb\xbf{"a": "mark"}', {"a": "mark"}),
        (b'{"a": "tab\t"}', {"a": "tab\t"}),
        (b'{"a": 1.5, "b": null, "c": true}', {"a": 1.5, "b": None, "c": True}),
    ],
)
def test_odd_texts_are_read_and_harm_nothing_else(content: bytes, expected: object) -> None:
    assert parse_json(content) == expected


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"a": NaN}', b'{"a": "cut', b"[" * 100_000])
def test_what_is_no_json_is_none(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_json(content)


def test_models_reasons_and_comparisons_are_readable_however_they_came() -> None:
    odd = f"a{HALF}b{NUL}c"
    assert readable(odd) == "a�b�c"
    assert Customer(data_area_id="usmf", customer_account=odd, name=odd).name == "a�b�c"
    error = {"error": {"innererror": {"message": odd}}}
    assert reason_for_dealers(full_text(error) or "") == "a�b�c"
    place = {"data_area_id": "usmf", "web_case_id": "W1", "customer_account": "US-001", "category": "Breakdown"}
    sent = CaseToCreate(submission_id="6f9619ff-8b86-d011-b42d-00c04fc964ff", description="a�b�c", **place)
    found = D365Case(case_id="C-1", **place).model_copy(update={"description": odd})
    assert is_ours(found, sent, by_submission_id=False)
