from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from case_shared.d365.models import D365Case


def test_d365s_empties_are_none() -> None:
    case = D365Case.model_validate(
        {
            "data_area_id": "usmf",
            "case_id": "C-1",
            "web_case_id": "",
            "submission_id": "00000000-0000-0000-0000-000000000000",
            "description": "with\0nul",
            "modified_at": "1900-01-01T00:00:00Z",
            "something_else": 1,
        }
    )
    assert (case.web_case_id, case.submission_id, case.modified_at) == (None, None, None)
    assert case.description == "with�nul"


@pytest.mark.parametrize("empty", ["1900-01-01T00:00:00Z", "1900-01-01T12:00:00Z", "1900-01-01T12:00:00", "", None])
def test_d365s_empty_date_is_no_time_at_midnight_and_at_noon(empty: str | None) -> None:
    case = D365Case.model_validate({"data_area_id": "usmf", "case_id": "C-1", "modified_at": empty})
    assert case.modified_at is None


@pytest.mark.parametrize("moment", ["1899-12-31T23:59:59Z", "1900-01-02T00:00:00Z"])
def test_the_days_beside_the_empty_date_are_times(moment: str) -> None:
    case = D365Case.model_validate({"data_area_id": "usmf", "case_id": "C-1", "modified_at": moment})
    assert case.modified_at == datetime.fromisoformat(moment)


@pytest.mark.parametrize("number", [None, "", "   "])
def test_a_case_that_has_no_number_yet_is_a_case_all_the_same(number: str | None) -> None:
    case = D365Case.model_validate({"data_area_id": "usmf", "case_id": number})
    assert case.case_id == ""


def test_times_are_aware_and_utc() -> None:
    case = D365Case.model_validate({"data_area_id": "a", "case_id": "1", "modified_at": "2026-11-23T12:00:00+02:00"})
    assert case.modified_at == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert case.modified_at.tzinfo is UTC


def test_models_are_frozen() -> None:
    case = D365Case(data_area_id="a", case_id="1")
    with pytest.raises(ValidationError):
        case.case_id = "2"  # type: ignore[misc]
