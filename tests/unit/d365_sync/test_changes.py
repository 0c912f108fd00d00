"""How one payload differs from another."""

from case_shared.words.events import CaseContent, Contact
from d365_sync.domain.changes import Change, changes


def test_the_fields_that_differ_are_named_with_both_values() -> None:
    before = CaseContent(category="A", description="old", contact=Contact(name="Ann", email="a@example.com"))
    after = CaseContent(category="A", description="new", contact=Contact(name="Ann"), notes="n")

    assert changes(before, after) == [
        Change("/description", "old", "new"),
        Change("/notes", None, "n"),
        Change("/contact/email", "a@example.com", None),
    ]


def test_an_empty_text_is_no_text() -> None:
    assert changes(CaseContent(category="A", notes=""), CaseContent(category="A", contact=Contact(name=""))) == []


def test_each_change_has_its_kind_and_before_an_emptied_payload_stood_nothing() -> None:
    before = CaseContent(category="A", notes="old", contact=Contact(email="a@example.com"))
    after = CaseContent(category="B", priority="High", notes="")

    assert [(one.field, one.kind) for one in changes(before, after)] == [
        ("category", "changed"),
        ("priority", "added"),
        ("notes", "emptied"),
        ("contact.email", "emptied"),
    ]
    assert [(one.field, one.kind) for one in changes(None, after)] == [("category", "added"), ("priority", "added")]
