"""Routes of the form in which a case is written: new or draft, save, finish, confirm, submit."""

import uuid
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from case_shared.errors import Transient
from portal_web.app.choices import Choices
from portal_web.app.save_draft import AlreadySubmitted, Conflict, Outcome, Saved, save, save_new
from portal_web.clients.rest import Problem
from portal_web.domain.cases import Case, Versioned
from portal_web.domain.content import LENGTHS, Content, field_of
from portal_web.web import notices
from portal_web.web.context import context_of
from portal_web.web.labels import FIELDS
from portal_web.web.preferences import words_of
from portal_web.web.rendering import render
from portal_web.web.signing import kept_form
from portal_web.web.visit import DealerVisit, ForDealer, Posted
from portal_web.web.words import Words

router = APIRouter(prefix="/dealers/{dealer}/cases")
_KEY_CHARACTERS = 32


@dataclass(frozen=True)
class Form:
    """What the form shows. `draft`: the case as it is saved, None where nothing is saved (or where nobody can tell).

    `web_case_id` and `etag` are the draft that a save is for; `theirs` is what somebody else saved meanwhile.
    """

    content: Content
    web_case_id: str = ""
    etag: str = ""
    draft: Case | None = None
    key: str = ""
    errors: dict[str, str] | None = None
    theirs: Content | None = None
    came_back: bool = False
    gone: bool = False
    trouble: str | None = None

    @classmethod
    def of(cls, draft: Versioned, content: Content | None = None, **more: Any) -> "Form":
        """The form of a draft; with other `content` than what is saved."""
        case = draft.case
        return cls(content or Content.of_case(case), case.web_case_id, draft.etag, case, **more)

    @property
    def unsaved(self) -> bool:
        """Whether it shows more than is saved."""
        saved = Content.of_case(self.draft) if self.draft else Content()
        return self.content != saved


@router.get("/new")
async def write_new(request: Request, at: ForDealer) -> Response:
    """An empty form. Its key stands in the address: Back and reload come to the same case, not to another."""
    key = request.query_params.get("key", "")
    if not _is_key(key):
        return RedirectResponse(f"{at.path}/new?key={uuid.uuid4().hex}", 303)
    kept = await kept_form(request, at.visit)
    content = Content.of_fields(kept.fields) if kept else Content()
    return await _page(request, at, Form(content, key=key, came_back=kept is not None))


@router.post("/new")
async def save_first(request: Request, at: ForDealer, fields: Posted) -> Response:
    """Save a new case."""
    content, key = Content.of_fields(fields), request.query_params.get("key", "")
    form = Form(content, key=key)
    if not _is_key(key):
        return await _page(request, at, replace(form, key=uuid.uuid4().hex, gone=True), 409)
    try:
        outcome = await save_new(at.api, key, content)
    except Problem as problem:
        return await _refused(request, at, form, problem)
    except Transient:
        return await _not_saved(request, at, form)
    return await _go_on(request, at, fields, content, outcome)


@router.get("/{web_case_id}/edit")
async def edit(request: Request, web_case_id: str, at: ForDealer) -> Response:
    """The form of a draft; with `ask=submit` the question whether to submit it, or what stands in the way of that."""
    draft = await at.api.case(web_case_id)
    if "edit" not in draft.case.allowed_actions:
        return notices.redirect(f"{at.path}/{web_case_id}", "not-a-draft", web_case_id)
    if kept := await kept_form(request, at.visit):
        # At the version that it knew: saving then finds out whether the draft was changed meanwhile.
        form = Form.of(draft, Content.of_fields(kept.fields), came_back=True)
        return await _page(request, at, replace(form, etag=kept.fields.get("etag", draft.etag)))
    form = Form.of(draft)
    if request.query_params.get("ask") != "submit":
        return await _page(request, at, form)
    try:
        await at.api.check(web_case_id, draft.etag)
    except Problem as problem:
        return await _refused(request, at, form, problem)
    return await _page(request, at, form, ask=True)


@router.post("/{web_case_id}/edit")
async def save_again(request: Request, web_case_id: str, at: ForDealer, fields: Posted) -> Response:
    """Save a draft; autosave (form.js) gets its answer as JSON."""
    content, etag = Content.of_fields(fields), fields.get("etag", "")
    form, alone = Form(content, web_case_id, etag), fields.get("action") == "autosave"
    try:
        outcome = await save(at.api, web_case_id, content, etag)
    except Problem as problem:
        if alone:
            words = words_of(request)
            return _told(words("Not saved: Save & Close shows what is wrong."), 422)
        if problem.status == HTTPStatus.NOT_FOUND:
            return await _page(request, at, Form(content, key=uuid.uuid4().hex, gone=True), 409)
        return await _refused(request, at, form, problem)
    except Transient:
        if alone:
            raise
        return await _not_saved(request, at, form)
    if alone:
        return _autosaved(request, outcome)
    return await _go_on(request, at, fields, content, outcome)


@router.post("/{web_case_id}/submit")
async def submit(web_case_id: str, at: ForDealer, fields: Posted) -> Response:
    """Submit, irreversibly, the version that the question showed; again: nothing more happens."""
    path = f"{at.path}/{web_case_id}"
    try:
        await at.api.submit(web_case_id, fields.get("etag", ""))
    except Problem as problem:
        if problem.slug == "version-changed":
            return notices.redirect(f"{path}/edit?ask=submit", "changed", web_case_id)
        if problem.slug in {"case-incomplete", "lists-unknown"}:
            return RedirectResponse(f"{path}/edit?ask=submit", 303)
        raise
    return notices.redirect(path, "submitted", web_case_id)


async def _go_on(
    request: Request, at: DealerVisit, fields: dict[str, str], content: Content, outcome: Outcome
) -> Response:
    """Where a save leads to: back to the list, to the question, or to what stands in the way."""
    match outcome:
        case AlreadySubmitted(web_case_id):
            return notices.redirect(f"{at.path}/{web_case_id}", "already", web_case_id)
        case Conflict(theirs):
            form = Form.of(theirs, content, theirs=Content.of_case(theirs.case))
            return await _page(request, at, form, 409)
        case Saved(draft):
            web_case_id = draft.case.web_case_id
            if fields.get("action") == "finish":
                response = RedirectResponse(f"{at.path}/{web_case_id}/edit?ask=submit", 303)
            else:
                response = notices.redirect(at.path, "saved", web_case_id)
            context_of(request).cookies.forget(response, "form")
            return response


async def _refused(request: Request, at: DealerVisit, form: Form, problem: Problem) -> Response:
    """The form again, with what is wrong beside its fields; what was typed stays."""
    words = words_of(request)
    if problem.slug == "lists-unknown":
        trouble = words("The draft is saved. D365's categories are not known yet: submit it in a few minutes.")
        return await _page(request, at, replace(form, trouble=trouble), 503)
    named = {field_of(one.pointer) for one in problem.fields}
    errors = {name: _advice(name, form.content, words) for name in FIELDS if name in named}
    if not errors:
        raise problem
    return await _page(request, at, replace(form, errors=errors), 422)


async def _not_saved(request: Request, at: DealerVisit, form: Form) -> Response:
    words = words_of(request)
    trouble = words("Not saved: the service does not answer. What you typed is below; try again in a moment.")
    return await _page(request, at, replace(form, trouble=trouble), 503)


def _advice(field: str, content: Content, words: Words) -> str:
    """What to do about a field, in the user's words."""
    if field == "category":
        if not content.category:
            return words("Choose a category.")
        return words("D365 does not have this category any more. Choose another.")
    if field == "priority":
        return words("D365 does not have this priority any more. Choose another.")
    if field == "contact_email":
        return words("This is no e-mail address. Write it like name@example.com.")
    if len(getattr(content, field)) > LENGTHS[field]:
        return words("This is too long: %(number)s characters at most.", number=words.number(LENGTHS[field]))
    return words("This holds characters that cannot be stored. Type it anew, without pasted formatting.")


def _is_key(text: str) -> bool:
    return len(text) == _KEY_CHARACTERS and text.isalnum()


def _autosaved(request: Request, outcome: Outcome) -> Response:
    words = words_of(request)
    match outcome:
        case AlreadySubmitted():
            return _told(words("Not saved: the case has been submitted in another window."), 409)
        case Conflict():
            return _told(words("Not saved: the draft was changed elsewhere. Save & Close shows both versions."), 409)
        case Saved(draft):
            at = words.clock(context_of(request).clock.now())
            return JSONResponse({"etag": draft.etag, "message": words("Draft saved at %(time)s", time=at)})


def _told(message: str, status: int) -> Response:
    return JSONResponse({"message": message}, status)


async def _page(request: Request, at: DealerVisit, form: Form, status: int = 200, *, ask: bool = False) -> Response:
    try:
        choices = await at.choices()
    except Transient:
        choices = Choices()  # the form is worth more than its lists
    return await render(
        request,
        "cases/form.html",
        status,
        form=form,
        choices=choices,
        fields=FIELDS,
        lengths=LENGTHS,
        theirs=form.theirs,
        differing=form.content.differing(form.theirs) if form.theirs else set(),
        ask=ask,
    )
