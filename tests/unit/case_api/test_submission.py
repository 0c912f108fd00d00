"""What prevents a submission, in words; and what a dealer may do with a case."""

import pytest

from case_api.domain.case import Action
from case_api.domain.submission import Facts, wrong_fields
from case_shared.words.category_types import CategoryTypes
from case_shared.words.events import SubmissionState
from tests.unit.case_api.test_timeline import case, past

FINE = {
    "category": "Parts",
    "category_type": None,
    "category_types": ("Sales",),
    "lists_known": True,
    "priority_exists": True,
    "email_plausible": True,
}


@pytest.mark.parametrize(
    ("facts", "pointer", "words"),
    [
        ({"category": None, "category_types": ()}, "/category", "needs a category"),
        ({"category": "", "category_types": ()}, "/category", "needs a category"),
        ({"category_types": ()}, "/category", "does not have this category."),
        ({"category_types": (), "category_type": "Sales"}, "/category", "in this type"),
        ({"category_types": ("General", "Sales")}, "/category_type", "General, Sales"),
        ({"priority_exists": False}, "/priority", "priorities"),
        ({"email_plausible": False}, "/contact/email", "name@example.com"),
        ({"too_long": {"notes": 40}}, "/notes", "only 40 characters"),
        ({"too_long": {"contact_and_notes": 1_200}}, "/notes", "room for 1,200 characters of notes"),
        ({"too_long": {"contact_and_notes": -2}}, "/notes", "Leave out the notes"),
        ({"too_long": {"contact_and_notes": -3}}, "/contact/name", "Shorten the contact by 1 characters"),
    ],
)
def test_each_fault_names_its_field_and_what_to_do(facts: dict[str, object], pointer: str, words: str) -> None:
    (found,) = wrong_fields(Facts(**{**FINE, **facts}))  # type: ignore[arg-type]
    assert found.pointer == pointer
    assert words in found.detail


def test_nothing_stands_in_the_way_of_a_complete_draft() -> None:
    assert wrong_fields(Facts(**FINE)) == []  # type: ignore[arg-type]


def test_actions_follow_the_life_of_the_case() -> None:
    assert set(case().allowed_actions) == set(Action)
    returned = past(SubmissionState.RETURNED).submission
    assert case(submission=returned).allowed_actions == [Action.EDIT, Action.SUBMIT, Action.COPY]
    assert case(phase="submitted", submission_no=1).allowed_actions == [Action.COPY]


@pytest.mark.parametrize(
    ("setting", "allowed", "hidden"),
    [
        (None, None, ("HumanResources", "FMLA", "Audit")),
        (" , ", None, ("HumanResources", "FMLA", "Audit")),
        ("Sales, Audit", ("Sales", "Audit"), ()),
    ],
)
def test_category_types_are_configuration(
    setting: str | None, allowed: tuple[str, ...] | None, hidden: tuple[str, ...]
) -> None:
    assert CategoryTypes.parse(setting) == CategoryTypes(allowed, hidden)
