"""Whether a draft can be submitted; postgres/sql/submit_cases.sql decides by the same facts, in one round trip."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from case_api.domain.errors import WrongField

# The texts that dealers write, by the mapping's names.
POINTERS = {
    "description": "/description",
    "contact_name": "/contact/name",
    "contact_email": "/contact/email",
    "contact_phone": "/contact/phone",
    "notes": "/notes",
    # What is sent as notes where D365 has no fields for the contact: both, in one field.
    "contact_and_notes": "/notes",
}

# Two line ends separate the contact from the notes.
_BETWEEN = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database knows about a draft.

    `category_types`: the allowed types that have its category; `too_long`: fields of which D365 keeps only this many
    characters, by the mapping's names; of `contact_and_notes`, so many are left for the notes.
    """

    category: str | None
    category_type: str | None
    category_types: tuple[str, ...]
    lists_known: bool
    priority_exists: bool
    email_plausible: bool
    too_long: Mapping[str, int] = field(default_factory=dict)


def wrong_fields(facts: Facts) -> list[WrongField]:
    """Return what prevents a submission; empty if nothing does."""
    found = [_category(facts)]
    if not facts.priority_exists:
        found.append(WrongField("/priority", "D365 does not have this priority. Choose one from GET …/priorities."))
    if not facts.email_plausible:
        found.append(WrongField("/contact/email", "This is not a valid email address. Write it like name@example.com."))
    found += [_too_long(name, facts.too_long[name]) for name in POINTERS if name in facts.too_long]
    return [one for one in found if one is not None]


def _too_long(name: str, characters: int) -> WrongField:
    if name == "contact_and_notes":
        return _too_long_together(characters)
    return WrongField(POINTERS[name], f"D365 keeps only {characters:,} characters. Shorten the text to that length.")


def _too_long_together(left: int) -> WrongField:
    together = "D365 keeps contact and notes in one field."
    if left > 0:
        return WrongField("/notes", f"{together} Beside this contact, it has room for {left:,} characters of notes.")
    if left >= -_BETWEEN:
        return WrongField("/notes", f"{together} Beside this contact, it has no room. Leave out the notes.")
    return WrongField("/contact/name", f"{together} Shorten the contact by {-left - _BETWEEN:,} characters.")


def _category(facts: Facts) -> WrongField | None:
    if not facts.category:
        return WrongField("/category", "The case needs a category. Choose one from GET …/categories.")
    if len(facts.category_types) > 1:
        types = ", ".join(facts.category_types)
        return WrongField("/category_type", f"Several types have this category. Choose one of: {types}.")
    if facts.category_types:
        return None
    if facts.category_type:
        return WrongField(
            "/category", "D365 does not have this category in this type. Choose one from GET …/categories."
        )
    return WrongField("/category", "D365 does not have this category. Choose one from GET …/categories.")
