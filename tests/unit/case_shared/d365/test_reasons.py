import pytest

from case_shared.d365.reasons import full_text, inner_message, reason_for_dealers


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            (
                "Write failed for table row of type 'Case'. Infolog: Warning: The category is not active.; "
                "Warning: validateWrite failed on data source 'CaseDetailBase (CaseDetailBase)'."
            ),
            "The category is not active.",
        ),
        (
            (
                "Write failed for table row of type 'X'. Infolog: Error: First; Info: second; "
                "Warning: validateField failed on data source 'A (A)'."
            ),
            "First; second",
        ),
        ("Cannot create a record in Cases (X). The record already exists.", None),
        ("Warning: validateWrite failed on data source 'A (A)'.", None),
        ("Die Kategorie fehlt.", None),
    ],
)
def test_dealers_see_the_reason_alone(text: str, reason: str | None) -> None:
    assert reason_for_dealers(text) == (reason or text)


def test_the_inner_message_says_most() -> None:
    document = {"error": {"code": "", "message": "An error has occurred.", "innererror": {"message": "Real\0 one "}}}
    assert inner_message(document) == "Real� one"
    assert full_text(document) == "Real� one"


@pytest.mark.parametrize(
    "document", [None, {}, {"error": "x"}, {"error": {"innererror": []}}, {"error": {"message": 1}}]
)
def test_what_is_no_odata_error_has_no_text(document: dict[str, object] | None) -> None:
    assert inner_message(document) is None
    assert full_text(document) is None


def test_an_error_without_an_inner_one() -> None:
    document = {"error": {"code": "x", "message": "Busy"}}
    assert inner_message(document) is None
    assert full_text(document) == "Busy"
