from typing import Any
from uuid import UUID

import pytest

from case_shared.d365.matching import is_ours
from case_shared.d365.models import CaseToCreate, D365Case

SUBMISSION = UUID("3c47a4cd-0000-4000-8000-000000000001")
SENT = CaseToCreate(
    data_area_id="usmf",
    web_case_id="W123456789",
    submission_id=SUBMISSION,
    customer_account="US-001",
    category="Repair",
    priority="High",
    description="Engine\nstops",
    contact_name="Ada",
)


def found(**changes: Any) -> D365Case:
    same = {
        "data_area_id": "USMF",
        "case_id": "C-1",
        "web_case_id": "W123456789",
        "submission_id": f"{{{str(SUBMISSION).upper()}}}",
        "customer_account": "us-001",
        "category": "Repair",
        "category_type": "Service",
        "priority": "High",
        "description": "Engine\r\nstops  ",
        "contact_name": "Ada",
    }
    return D365Case.model_validate(same | changes)


@pytest.mark.parametrize(
    ("changes", "by_id", "by_fields"),
    [
        ({}, True, True),
        ({"submission_id": f"  {SUBMISSION}   "}, True, True),
        ({"submission_id": None}, False, True),
        ({"submission_id": "not a guid"}, False, True),
        ({"submission_id": "3c47a4cd-0000-4000-8000-000000000002"}, False, True),
        ({"category": "Other", "priority": None}, True, False),
        ({"description": "Engine\r\nsto"}, True, True),
        ({"description": "Engine \r\n"}, True, True),
        ({"description": "Engine\r\nsta"}, True, False),
        ({"description": " \r\n"}, True, False),
        ({"description": "Engine starts"}, True, False),
        ({"contact_name": ""}, True, False),
        ({"contact_email": "a default of D365's"}, True, True),
        ({"customer_account": "US-002"}, False, False),
        ({"customer_account": None}, False, False),
        ({"data_area_id": "dat"}, False, False),
        ({"web_case_id": "W999999999"}, False, False),
    ],
)
def test_found_is_ours_only_if(changes: dict[str, Any], by_id: bool, by_fields: bool) -> None:
    assert is_ours(found(**changes), SENT, by_submission_id=True) is by_id
    assert is_ours(found(**changes), SENT, by_submission_id=False) is by_fields
