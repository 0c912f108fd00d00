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


def test_times_are_aware_and_utc() -> None:
    case = D365Case.model_validate({"data_area_id": "a", "case_id": "1", "modified_at": "2026-11-23T12:00:00+02:00"})
    assert case.modified_at == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert case.modified_at.tzinfo is UTC


def test_models_are_frozen() -> None:
    case = D365Case(data_area_id="a", case_id="1")
    with pytest.raises(ValidationError):
        case.case_id = "2"  # type: ignore[misc]
