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


class Drafts(Protocol):
    """Where drafts are."""

    async def create(self, content: Mapping[str, Any], key: str) -> Versioned:
        """A new draft, one for each `key`."""

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
class AlreadySubmitted:
    """The case is submitted: nothing was saved."""

    web_case_id: str


Outcome = Saved | Conflict | AlreadySubmitted


async def save_new(drafts: Drafts, key: str, content: Content) -> Outcome:
    """Save a form that was never saved. The draft is made empty, so that `key` stands for the same whatever is typed.

    So a form that is sent twice, or sent again after Back, finds its draft.
    """
    draft = await drafts.create({}, key)
    return await save(drafts, draft.case.web_case_id, content, draft.etag)


async def save(drafts: Drafts, web_case_id: str, content: Content, etag: str) -> Outcome:
    """Save a draft that the form knew as `etag`."""
    try:
        return Saved(await drafts.change(web_case_id, content.patch(), etag))
    except Submitted:
        return AlreadySubmitted(web_case_id)
    except Changed:
        current = await drafts.case(web_case_id)
        if "edit" not in current.case.allowed_actions:
            return AlreadySubmitted(web_case_id)
        same = not content.differing(Content.of_case(current.case))
        return Saved(current) if same else Conflict(current)
