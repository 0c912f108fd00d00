"""What a dealer writes into a case, as the fields of a form."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from case_shared.d365.texts import utf16_length
from case_shared.words.written import plain_email, plain_lines
from portal_web.domain.case_api import CaseDocument

# The longest that the API accepts, in characters.
LENGTHS = {
    "description": 4000,
    "contact_name": 200,
    "contact_email": 254,
    "contact_phone": 50,
    "notes": 20_000,
}
# "Contact: ", ", " twice, and two line ends before the notes.
_AROUND_CONTACT = 15
_POINTERS = {
    "/category": "category",
    "/category_type": "category",
    "/priority": "priority",
    "/description": "description",
    "/contact/name": "contact_name",
    "/contact/email": "contact_email",
    "/contact/phone": "contact_phone",
    "/notes": "notes",
}


@dataclass(frozen=True)
class Content:
    """A form's fields; `category` is `type:name`, an empty text means not given."""

    category: str = ""
    priority: str = ""
    description: str = ""
    contact_name: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    notes: str = ""

    @classmethod
    def of_fields(cls, sent: Mapping[str, str]) -> Self:
        """What a form sent."""
        given = {field.name: plain_lines(sent.get(field.name, "")).strip() for field in fields(cls)}
        return cls(**{**given, "contact_email": str(plain_email(given["contact_email"]))})

    @classmethod
    def of_case(cls, case: CaseDocument) -> Self:
        """The content of a case."""
        contact = case.contact
        return cls(
            category=chosen(case.category_type, case.category),
            priority=case.priority or "",
            description=plain_lines(case.description or "").strip(),
            contact_name=(contact and contact.name) or "",
            contact_email=(contact and contact.email) or "",
            contact_phone=(contact and contact.phone) or "",
            notes=plain_lines(case.notes or "").strip(),
        )

    def patch(self) -> dict[str, Any]:
        """The merge patch that gives a draft this content."""
        kind, _, name = self.category.partition(":")
        return {
            "category": name or None,
            "category_type": kind or None,
            "priority": self.priority or None,
            "description": self.description or None,
            "contact": {
                "name": self.contact_name or None,
                "email": self.contact_email or None,
                "phone": self.contact_phone or None,
            },
            "notes": self.notes or None,
        }

    def contact_and_notes_length(self) -> int:
        """The length of both in one field, where D365 has no fields for the contact, with all that separates them."""
        texts = (self.contact_name, self.contact_email, self.contact_phone, self.notes)
        return _AROUND_CONTACT + sum(utf16_length(text) for text in texts)

    def differing(self, other: Self) -> set[str]:
        """The names of the fields in which two differ."""
        mine, theirs = asdict(self), asdict(other)
        return {name for name in mine if mine[name] != theirs[name]}


def chosen(kind: str | None, name: str | None) -> str:
    """A category as the form's field contains it."""
    return f"{kind or ''}:{name}" if name else ""


def field_of(pointer: str) -> str | None:
    """The form's field for a JSON pointer of the API."""
    return _POINTERS.get(pointer)


def kept_lengths(by_pointer: Mapping[str, int]) -> dict[str, int]:
    """How many characters D365 keeps of a form's field, for fields where the API accepts more."""
    by_field = {field_of(pointer): characters for pointer, characters in by_pointer.items()}
    return {name: by_field[name] for name, most in LENGTHS.items() if by_field.get(name, most) < most}
