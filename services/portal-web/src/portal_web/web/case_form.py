"""Routes of the form in which a case is written: new or draft, save, finish, confirm, submit."""

import uuid
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from portal_web.app.save_draft import AlreadySubmitted, Conflict, Outcome, Saved, save, save_new
from portal_web.clients.rest import Problem
from portal_web.domain.cases import Versioned
from portal_web.domain.content import LENGTHS, Content, field_of
from portal_web.domain.session import KeptForm
from portal_web.web import notices
from portal_web.web.context import context_of
from portal_web.web.labels import FIELDS
from portal_web.web.preferences import words_of
from portal_web.web.rendering import render
from portal_web.web.visit import DealerVisit, ForDealer, Posted
from portal_web.web.words import Words

router = APIRouter(prefix="/dealers/{dealer}/cases")


@dataclass(frozen=True)
class Form:
    """What the form shows: `draft` None while nothing is saved; `theirs` what somebody else saved meanwhile."""

    content: Content
    draft: Versioned | None = None
    key: str = ""
    errors: dict[str, str] | None = None
    theirs: Versioned | None = None
    came_back: bool = False
    gone: bool = False
    trouble: str | None = None

    @property
    def clean(self) -> bool:
        """Whether the draft holds what the form shows."""
        return self.draft is not None and self.content == Content.of_case(self.draft.case)


@router.get("/new")
async def write_new(request: Request, at: ForDealer) -> Response:
    """An empty form. Its key stands in the address: Back and reload come to the same case, not to another."""
    key = request.query_params.get("key", "")
    if not (len(key) == 32 and key.isalnum()):
        return RedirectResponse(f"{at.path}/new?key={uuid.uuid4().hex}", 303)
    kept = await _kept(request, at)
    content = Content.of_fields(kept.fields) if kept else Content()
    return await _page(request, at, Form(content, key=key, came_back=kept is not None))


@router.post("/new")
async def save_first(request: Request, at: ForDealer, fields: Posted) -> Response:
    """Save a new case."""
    content, key = Content.of_fields(fields), request.query_params.get("key", "")
    if not (len(key) == 32 and key.isalnum()):
        return await _page(request, at, Form(content, key=uuid.uuid4().hex, gone=True), 409)
    try:
        outcome = await save_new(at.api, key, content)
    except Problem as problem:
        return await _refused(request, at, Form(content, key=key), problem)
    return await _go_on(request, at, fields, content, outcome)


@router.get("/{web_case_id}/edit")
async def edit(request: Request, web_case_id: str, at: ForDealer) -> Response:
    """The form of a draft; with `ask=submit` the question whether to submit it, or what stands in the way of that."""
    draft = await at.api.case(web_case_id)
    if "edit" not in draft.case.allowed_actions:
        return notices.redirect(f"{at.path}/{web_case_id}", "not-a-draft", web_case_id)
    kept = await _kept(request, at)
    if kept:
        form = Form(Content.of_fields(kept.fields), _at_version(draft, kept.fields.get("etag")), came_back=True)
        return await _page(request, at, form)
    form = Form(Content.of_case(draft.case), draft)
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
    content = Content.of_fields(fields)
    try:
        outcome = await save(at.api, web_case_id, content, fields.get("etag", ""))
    except Problem as problem:
        if fields.get("action") == "autosave":
            return _told(words_of(request)("Not saved: see what is marked when you save."), 422)
        if problem.status == 404:
            return await _page(request, at, Form(content, key=uuid.uuid4().hex, gone=True), 409)
        draft = await at.api.case(web_case_id)
        return await _refused(request, at, Form(content, draft), problem)
    if fields.get("action") == "autosave":
        return _autosaved(request, outcome)
    return await _go_on(request, at, fields, content, outcome)


@router.post("/{web_case_id}/submit")
async def submit(request: Request, web_case_id: str, at: ForDealer, fields: Posted) -> Response:
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
            return await _page(request, at, Form(content, theirs, theirs=theirs), 409)
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
        return await _page(request, at, _with(form, trouble=trouble), 503)
    named = {field_of(one.pointer): one.pointer for one in problem.fields}
    errors = {name: _advice(name, form.content, words) for name in named if name}
    if not errors:
        raise problem
    return await _page(request, at, _with(form, errors=errors), 422)


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


def _with(form: Form, **changes: Any) -> Form:
    return Form(**{**form.__dict__, **changes})


def _at_version(draft: Versioned, etag: str | None) -> Versioned:
    """The draft as a form that came back knew it: saving then finds out whether it was changed meanwhile."""
    return draft.model_copy(update={"etag": etag}) if etag else draft


async def _kept(request: Request, at: DealerVisit) -> KeptForm | None:
    """The form that had been sent to this page without a session, if it is this user's."""
    context = context_of(request)
    secret = context.cookies.form(request)
    sealed = await context.store.find_kept(secret.id) if secret else None
    plain = secret.open(sealed) if secret and sealed else None
    form = KeptForm.model_validate_json(plain) if plain else None
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return form if form and form.page == here and form.author == at.visit.session.subject else None


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
    choices = await at.choices()
    theirs = Content.of_case(form.theirs.case) if form.theirs else None
    return await render(
        request,
        "cases/form.html",
        status,
        form=form,
        choices=choices,
        fields=FIELDS,
        lengths=LENGTHS,
        theirs=theirs,
        differing=form.content.differing(theirs) if theirs else set(),
        ask=ask,
    )
