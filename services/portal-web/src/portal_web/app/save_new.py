"""Save a form that has no draft yet: once, however often it is sent, and never overwrite another case."""

from dataclasses import dataclass
from typing import Protocol

from portal_web.app.save_draft import Conflict, Drafts, KeyReused, Outcome, Saved, Unrelated, save
from portal_web.domain.content import Content


@dataclass(frozen=True)
class Begun:
    """The case that was begun at an address; `page` is the form that still saves it, None once the user has left it."""

    web_case_id: str
    etag: str
    page: str | None


class BegunCases(Protocol):
    """Stores which case was begun at the address with a key."""

    async def find(self, dealer: str, key: str) -> Begun | None:
        """The case."""

    async def put(self, dealer: str, key: str, begun: Begun) -> None:
        """Remember it."""


@dataclass(frozen=True)
class NewForm:
    """Where a form came from: its address (`key`), which load of it (`page`), and whether that page stays open."""

    key: str
    page: str
    goes_on: bool


@dataclass(frozen=True)
class SavingNew:
    """The use case."""

    begun: BegunCases

    async def save(self, drafts: Drafts, dealer: str, form: NewForm, content: Content) -> Outcome:
        """Save it; `Unrelated` if another case was begun at its address, by Back, a bookmark or another tab."""
        known = await self.begun.find(dealer, form.key)
        if known is None:
            outcome = await self._create(drafts, dealer, form, content)
        elif known.page == form.page:
            outcome = await save(drafts, known.web_case_id, content, known.etag)
        else:
            outcome = await _found(drafts, known, content)
        if isinstance(outcome, Saved):
            page = form.page if form.goes_on else None
            await self.begun.put(dealer, form.key, Begun(outcome.draft.case.web_case_id, outcome.draft.etag, page))
        return outcome

    async def _create(self, drafts: Drafts, dealer: str, form: NewForm, content: Content) -> Outcome:
        """Save it in a draft that is created empty: so creating it again, with whatever is typed then, is the same.

        A draft that another tab has created meanwhile has its content: it stays.
        """
        try:
            draft = await drafts.create({}, form.key)
        except KeyReused:
            return Unrelated()
        if content == Content():
            return Saved(draft)
        begun = Begun(draft.case.web_case_id, draft.etag, form.page)
        try:
            outcome = await save(drafts, begun.web_case_id, content, begun.etag)
        except Exception:  # the page goes on with this draft
            await self.begun.put(dealer, form.key, begun)
            raise
        return Unrelated(begun.web_case_id) if isinstance(outcome, Conflict) else outcome


async def _found(drafts: Drafts, known: Begun, content: Content) -> Outcome:
    """`Saved` if the draft already has just this content, `Unrelated` otherwise."""
    current = await drafts.case(known.web_case_id)
    same = not content.differing(Content.of_case(current.case))
    if same and "edit" in current.case.allowed_actions:
        return Saved(current)
    submitted = "edit" not in current.case.allowed_actions
    return Unrelated(known.web_case_id, submitted=submitted, same=same)
