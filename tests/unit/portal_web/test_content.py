import pytest

from portal_web.domain.content import Content, chosen, field_of


def test_a_form_becomes_a_patch_that_empties_what_is_empty() -> None:
    content = Content.of_fields({"category": "Sales:Parts: rare", "description": "  leaks\n", "contact_name": "Ann"})
    assert content.patch() == {
        "category": "Parts: rare",
        "category_type": "Sales",
        "priority": None,
        "description": "leaks",
        "contact": {"name": "Ann", "email": None, "phone": None},
        "notes": None,
    }


def test_no_category_is_nothing() -> None:
    assert Content().patch()["category"] is None
    assert chosen(None, None) == ""
    assert chosen(None, "Parts") == ":Parts"
    assert Content(category=":Parts").patch()["category_type"] is None


def test_differing_fields_are_named() -> None:
    assert Content(notes="a", priority="High").differing(Content(notes="b", priority="High")) == {"notes"}


@pytest.mark.parametrize(
    ("pointer", "field"),
    [("/category_type", "category"), ("/contact/email", "contact_email"), ("/elsewhere", None), ("If-Match", None)],
)
def test_pointers_lead_to_fields(pointer: str, field: str | None) -> None:
    assert field_of(pointer) == field
