"""Save what a form holds: once, however often it is sent, and never over what somebody else wrote meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from portal_web.domain.cases import Versioned
from portal_web.domain.content import Content


class Changed(Exception):
    """The API refuses: the draft is at another version."""


class Submitted(Exception):
    """The API refuses: it is no draft any more."""


class KeyReused(Exception):
    """The API refuses: another draft was made with this key."""


class Drafts(Protocol):
    """Where drafts are."""

    async def create(self, content: Mapping[str, Any], key: str) -> Versioned:
        """A new draft, one for each `key`; raises KeyReused for other content, or where that draft is deleted."""

    async def change(self, web_case_id: str, content: Mapping[str, Any], etag: str) -> Versioned:
        """Change a draft; raises Changed and Submitted."""

    async def case(self, web_case_id: str) -> Versioned:
        """One case."""


@dataclass(frozen=True)
class Saved:
    """The draft holds it now."""

    draft: Versioned


@dataclass(frozen=True)
class Conflict:
    """Somebody else has changed the draft: theirs stands, nothing was saved."""

    theirs: Versioned


@dataclass(frozen=True)
class Unrelated:
    """Nothing was saved: the case is not this form's to write. None: it cannot be told which case that is.

    `submitted`: it has gone to D365; `same`: it holds what the form does.
    """

    web_case_id: str | None = None
    submitted: bool = False
    same: bool = False


Outcome = Saved | Conflict | Unrelated


async def save(drafts: Drafts, web_case_id: str, content: Content, etag: str) -> Outcome:
    """Save a draft that the form knew as `etag`."""
    try:
        return Saved(await drafts.change(web_case_id, content.patch(), etag))
    except (Changed, Submitted):
        current = await drafts.case(web_case_id)
    same = not content.differing(Content.of_case(current.case))
    if "edit" not in current.case.allowed_actions:
        return Unrelated(web_case_id, submitted=True, same=same)
    return Saved(current) if same else Conflict(current)
