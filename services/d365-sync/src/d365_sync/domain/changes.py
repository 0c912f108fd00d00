"""How one payload differs from another, field by field."""

from collections.abc import Iterator
from dataclasses import dataclass

from case_shared.events import CaseContent


@dataclass(frozen=True, slots=True)
class Change:
    """A field (a JSON pointer into the payload) with what stood there before and what stands there now."""

    pointer: str
    before: str | None
    after: str | None


def changes(before: CaseContent, after: CaseContent) -> list[Change]:
    """The fields that differ; an empty text is no text."""
    old, new = dict(_fields(before)), dict(_fields(after))
    return [Change(pointer, old[pointer], new[pointer]) for pointer in old if old[pointer] != new[pointer]]


def _fields(content: CaseContent) -> Iterator[tuple[str, str | None]]:
    for name in CaseContent.model_fields:
        if name != "contact":
            yield f"/{name}", getattr(content, name) or None
    for name in ("name", "email", "phone"):
        yield f"/contact/{name}", (getattr(content.contact, name) or None) if content.contact else None
