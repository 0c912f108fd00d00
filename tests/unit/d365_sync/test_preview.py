"""What a preview says about a payload before anything is sent."""

from typing import Any
from uuid import uuid4

import pytest

from case_shared.d365.mapping import Mapping
from case_shared.d365.models import CaseToCreate
from case_shared.words.category_types import CategoryTypes
from case_shared.words.identifiers import new_web_case_id
from d365_sync.app.preview import Preview
from d365_sync.app.replays import Choices


class Nothing:
    """Knows no lists, and ignores the request."""

    async def choices(self, _data_area_id: str) -> Choices:
        return Choices(frozenset(), frozenset())

    def describe_creation(self, _case: CaseToCreate) -> tuple[str, dict[str, Any]]:
        return "", {}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            {"description": "x" * 9 + "\U0001f527"},
            "/payload/description: D365 keeps only 10 characters. Shorten the text",
        ),
        ({"description": "x" * 8 + "\U0001f527"}, None),
        ({"contact": {"name": "Anna"}}, "/payload/contact/name: D365 keeps only 3 characters. Shorten the text"),
    ],
)
async def test_a_text_that_d365_would_shorten_is_a_problem(content: dict[str, Any], problem: str | None) -> None:
    document = {
        "web_case_id": new_web_case_id(), "submission_no": 1, "submission_id": uuid4(), "data_area_id": "usmf",
        "customer_account": "US-001", "created_by": "ann", "content": {"category": "Warranty", **content},
    }  # fmt: skip
    preview = Preview(Nothing(), Nothing(), CategoryTypes.parse(None), {"description": 10, "contact_name": 3})

    foreseen = await preview(document, None)

    assert foreseen is not None
    assert foreseen.problem == problem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"notes": "n" * 30}, None),
        ({"notes": "n" * 31}, "in one field of 30 characters. Shorten them by 1"),
        ({"notes": "n" * 15, "contact": {"name": "Anna"}}, None),
        ({"notes": "n" * 16, "contact": {"name": "Anna"}}, "Shorten them by 1"),
        ({"contact": {"name": "Anna", "phone": "1" * 20}}, "Shorten them by 5"),
    ],
)
async def test_a_contact_that_goes_into_the_notes_counts_with_them(
    content: dict[str, Any], problem: str | None
) -> None:
    document = {
        "web_case_id": new_web_case_id(), "submission_no": 1, "submission_id": uuid4(), "data_area_id": "usmf",
        "customer_account": "US-001", "created_by": "ann", "content": {"category": "Warranty", **content},
    }  # fmt: skip
    mapping = Mapping.model_validate({"contact_into_notes": True, "case": {"lengths": {"notes": 30}}})
    foreseen = await Preview(Nothing(), Nothing(), CategoryTypes.parse(None), mapping.lengths)(document, None)
    assert foreseen is not None
    assert (foreseen.problem is None) == (problem is None)
    assert (problem or "") in (foreseen.problem or "")
