"""How one payload differs from another, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from case_shared.words.events import CaseContent
from case_shared.words.written import plain_lines


class Kind(StrEnum):
    """How a field changed."""

    ADDED = "added"
    CHANGED = "changed"
    EMPTIED = "emptied"


@dataclass(frozen=True, slots=True)
class Change:
    """A field (a JSON pointer into the payload), with its text before and after."""

    pointer: str
    before: str | None
    after: str | None

    @property
    def field(self) -> str:
        """The field by name, such as contact.email."""
        return self.pointer[1:].replace("/", ".")

    @property
    def kind(self) -> Kind:
        """What became of it."""
        if self.before is None:
            return Kind.ADDED
        return Kind.EMPTIED if self.after is None else Kind.CHANGED


def changes(before: CaseContent | None, after: CaseContent) -> list[Change]:
    """The fields that differ; empty equals missing, and line ends are equal. `before` is None if it was emptied."""
    old, new = dict(_fields(before)), dict(_fields(after))
    return [
        Change(pointer, old[pointer], new[pointer]) for pointer in old if _plain(old[pointer]) != _plain(new[pointer])
    ]


def _plain(text: str | None) -> str:
    return plain_lines(text or "")


def _fields(content: CaseContent | None) -> Iterator[tuple[str, str | None]]:
    for name in CaseContent.model_fields:
        if name != "contact":
            yield f"/{name}", getattr(content, name, None) or None
    for name in ("name", "email", "phone"):
        yield f"/contact/{name}", (getattr(content.contact, name) or None) if content and content.contact else None
