"""Save a form's content once, however often it is sent, and never overwrite what somebody else wrote meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from portal_web.domain.cases import Versioned
from portal_web.domain.content import Content


class Changed(Exception):
    """The API refuses: the draft is at another version."""


class Submitted(Exception):
    """The API refuses: it is no longer a draft."""


class KeyReused(Exception):
    """The API refuses: another draft was made with this key."""


class Drafts(Protocol):
    """The store of drafts."""

    async def create(self, content: Mapping[str, Any], key: str) -> Versioned:
        """A new draft, one for each `key`, as it was then; raises KeyReused for other content, or if it was deleted."""

    async def change(self, web_case_id: str, content: Mapping[str, Any], etag: str) -> Versioned:
        """Change a draft; raises Changed and Submitted."""

    async def case(self, web_case_id: str) -> Versioned:
        """One case."""


@dataclass(frozen=True)
class Saved:
    """The draft has the content now."""

    draft: Versioned


@dataclass(frozen=True)
class Conflict:
    """Somebody else has changed the draft: their version stays, and nothing was saved."""

    theirs: Versioned


@dataclass(frozen=True)
class Unrelated:
    """Nothing was saved: this form may not write the case. `web_case_id` is None if the case is unknown.

    `submitted`: the case has gone to D365; `same`: it has the same content as the form.
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
