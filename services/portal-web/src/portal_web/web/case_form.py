"""Routes of the form to write a case: new or draft, save, finish, confirm, submit."""

import uuid
from collections.abc import Awaitable, Mapping
from dataclasses import replace
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException

from case_shared.words.errors import Transient
from case_shared.words.scopes import Scope
from portal_web.app.choices import Choices
from portal_web.app.save_draft import Conflict, Outcome, Saved, Unrelated, save
from portal_web.app.save_new import NewForm
from portal_web.clients.rest import Problem
from portal_web.domain.content import LENGTHS, Content, field_of, kept_lengths
from portal_web.web import notices
from portal_web.web.advice import advice
from portal_web.web.context import context_of
from portal_web.web.current_user import CurrentDealer, ForDealer, Posted
from portal_web.web.form import Form
from portal_web.web.labels import FIELDS
from portal_web.web.preferences import words_of
from portal_web.web.rendering import render
from portal_web.web.signing import forget_kept, kept_form
from portal_web.web.status_texts import explain

router = APIRouter(prefix="/dealers/{dealer}/cases")
_KEY_CHARACTERS = 32


@router.get("/new")
async def write_new(request: Request, at: ForDealer) -> Response:
    """An empty form. Its key is in the address: Back and reload lead to the same case, not to another."""
    if not at.user.may(Scope.CASES_WRITE):
        raise HTTPException(403)
    key = request.query_params.get("key", "")
    if not _is_key(key):
        return RedirectResponse(f"{at.path}/new?key={uuid.uuid4().hex}", 303)
    if kept := await kept_form(request, at.user):
        tab = kept.fields.get("tab", "")
        return await _page(request, at, Form(Content.of_fields(kept.fields), key=key, tab=tab, came_back=True))
    if begun := await context_of(request).saving_new.begun.find(at.dealer.dealer, key):
        return await _go_to_begun(at, begun.web_case_id)
    return await _page(request, at, replace(Form.new(Content()), key=key))


async def _go_to_begun(at: CurrentDealer, web_case_id: str) -> Response:
    """Go on to the draft that was begun at this address; if it is no longer a draft, to a new address."""
    try:
        begun = await at.api.case(web_case_id)
    except Problem as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        return RedirectResponse(f"{at.path}/new", 303)
    if "edit" not in begun.case.allowed_actions:
        return RedirectResponse(f"{at.path}/new", 303)
    return notices.redirect(f"{at.path}/{web_case_id}/edit", "begun", web_case_id)


@router.post("/new")
async def save_first(request: Request, at: ForDealer, fields: Posted) -> Response:
    """Save a new case; autosave (form.js) gets its answer as JSON."""
    content, key, alone = Content.of_fields(fields), request.query_params.get("key", ""), _alone(fields)
    form = Form(content, key=key, tab=fields.get("tab", ""))
    if not _is_key(key):
        return await _page(request, at, Form.new(content, unrelated=Unrelated()), 409)
    if alone and content == Content():
        return _message("", 200)
    sent = NewForm(key, form.tab, goes_on=alone)
    saving = context_of(request).saving_new.save(at.api, at.dealer.dealer, sent, content)
    return await _answer_save(request, at, fields, form, saving)


@router.get("/{web_case_id}/edit")
async def edit(request: Request, web_case_id: str, at: ForDealer) -> Response:
    """The form of a draft; with `ask=submit` the question whether to submit it, or what prevents that."""
    if not at.user.may(Scope.CASES_WRITE):
        return RedirectResponse(f"{at.path}/{web_case_id}", 303)
    if kept := await kept_form(request, at.user):
        return await _come_back(request, at, web_case_id, kept.fields)
    draft = await at.api.case(web_case_id)
    if "edit" not in draft.case.allowed_actions:
        return notices.redirect(f"{at.path}/{web_case_id}", "not-a-draft", web_case_id)
    form = Form.of(draft)
    if request.query_params.get("ask") != "submit":
        return await _page(request, at, form)
    try:
        await at.api.check(web_case_id, draft.etag)
    except Problem as problem:
        return await _refused(request, at, form, problem)
    return await _page(request, at, form, ask=True)


async def _come_back(request: Request, at: CurrentDealer, web_case_id: str, fields: Mapping[str, str]) -> Response:
    """The form with what was sent after the session had ended, whatever has become of the draft since."""
    typed = Content.of_fields(fields)
    try:
        draft = await at.api.case(web_case_id)
    except Problem as problem:
        if problem.status != HTTPStatus.NOT_FOUND:
            raise
        return await _page(request, at, Form.new(typed, gone=True), 409)
    saved = Content.of_case(draft.case)
    if "edit" not in draft.case.allowed_actions:
        return await _go_on(request, at, {}, typed, Unrelated(web_case_id, submitted=True, same=typed == saved))
    # What was saved meanwhile is newer than what comes back: show both, and save nothing unasked.
    theirs = saved if fields.get("etag", draft.etag) != draft.etag and typed != saved else None
    return await _page(request, at, Form.of(draft, typed, came_back=True, theirs=theirs))


@router.post("/{web_case_id}/edit")
async def save_again(request: Request, web_case_id: str, at: ForDealer, fields: Posted) -> Response:
    """Save a draft; autosave (form.js) gets its answer as JSON."""
    content, etag = Content.of_fields(fields), fields.get("etag", "")
    form = Form(content, web_case_id, etag)
    return await _answer_save(request, at, fields, form, save(at.api, web_case_id, content, etag))


async def _answer_save(
    request: Request, at: CurrentDealer, fields: dict[str, str], form: Form, saving: Awaitable[Outcome]
) -> Response:
    """Save, and answer the button or the script that asked for it."""
    alone = _alone(fields)
    try:
        outcome = await saving
    except Problem as problem:
        return await _refused(request, at, form, problem, alone=alone)
    except Transient:
        if alone:
            raise
        return await _not_saved(request, at, form)
    if alone:
        return await _autosaved(request, at, outcome)
    return await _go_on(request, at, fields, form.content, outcome)


@router.post("/{web_case_id}/submit")
async def submit(web_case_id: str, at: ForDealer, fields: Posted) -> Response:
    """Submit, irreversibly, the version that the question showed; doing it again changes nothing."""
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
    request: Request, at: CurrentDealer, fields: dict[str, str], content: Content, outcome: Outcome
) -> Response:
    """Where a save leads: back to the list, to the question, or to what prevents it."""
    match outcome:
        case Unrelated(web_case_id=str(web_case_id), submitted=True, same=True):
            return notices.redirect(f"{at.path}/{web_case_id}", "already", web_case_id)
        case Unrelated():
            return await _page(request, at, Form.new(content, unrelated=outcome), 409)
        case Conflict(theirs):
            form = Form.of(theirs, content, theirs=Content.of_case(theirs.case))
            return await _page(request, at, form, 409)
        case Saved(draft):
            web_case_id = draft.case.web_case_id
            if fields.get("action") == "finish":
                response = RedirectResponse(f"{at.path}/{web_case_id}/edit?ask=submit", 303)
            else:
                response = notices.redirect(at.path, "saved", web_case_id)
            await forget_kept(request, response)
            return response


async def _refused(
    request: Request, at: CurrentDealer, form: Form, problem: Problem, *, alone: bool = False
) -> Response:
    """The form again, with what is wrong beside its fields; what was typed stays."""
    words = words_of(request)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        raise problem
    if problem.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE} and not alone:
        return await _page(request, at, Form.new(form.content, gone=True), 409)
    form = await _of_begun(request, at, form)
    if alone:
        saved = {"address": f"{at.path}/{form.web_case_id}/edit", "etag": form.etag} if form.draft else {}
        return _message(words("Not saved. Choose Save & Close to see what is wrong."), 422, **saved)
    if problem.slug == "lists-unknown":
        trouble = words(
            "The draft is saved. The categories from D365 are not available yet. Submit the draft in a few minutes."
        )
        return await _page(request, at, replace(form, trouble=trouble), 503)
    named = {field_of(one.pointer) for one in problem.fields}
    choices = await _choices(at)
    errors = {name: advice(name, form.content, words, choices) for name in FIELDS if name in named}
    if not errors:
        trouble = words("Not saved. %(why)s Your entries are below.", why=f"{explain(problem.status, words)[0]}.")
        return await _page(request, at, replace(form, trouble=trouble), problem.status)
    return await _page(request, at, replace(form, errors=errors), 422)


async def _of_begun(request: Request, at: CurrentDealer, form: Form) -> Form:
    """The form of the draft that a new case has become, although what it has to save is refused."""
    begun = await context_of(request).saving_new.begun.find(at.dealer.dealer, form.key) if form.key else None
    if begun is None or begun.page != form.tab:
        return form
    draft = await at.api.case(begun.web_case_id)
    return replace(Form.of(draft, form.content), etag=begun.etag)


async def _not_saved(request: Request, at: CurrentDealer, form: Form) -> Response:
    words = words_of(request)
    trouble = words("Not saved: the service is not responding. Your entries are below. Try again in a moment.")
    return await _page(request, at, replace(form, trouble=trouble), 503)


def _alone(fields: dict[str, str]) -> bool:
    """Whether the form was sent by itself, not by a button."""
    return fields.get("action") == "autosave"


def _is_key(text: str) -> bool:
    return len(text) == _KEY_CHARACTERS and text.isascii() and text.isalnum()


async def _autosaved(request: Request, at: CurrentDealer, outcome: Outcome) -> Response:
    words = words_of(request)
    match outcome:
        case Unrelated(submitted=False):
            why = words("Not saved: another case was started on this page. Choose Save & Close to create a new one.")
        case Unrelated():
            why = words("Not saved: the case was submitted in another window. Choose Save & Close to create a new one.")
        case Conflict():
            why = words("Not saved: the draft was changed elsewhere. Choose Save & Close to see both versions.")
        case Saved(draft):
            now = words.clock(context_of(request).clock.now())
            address = f"{at.path}/{draft.case.web_case_id}/edit"
            response = _message(words("Draft saved at %(time)s", time=now), 200, etag=draft.etag, address=address)
            await forget_kept(request, response)
            return response
    return _message(why, 409)


def _message(message: str, status: int, **more: str) -> Response:
    return JSONResponse({"message": message, **more}, status)


async def _page(request: Request, at: CurrentDealer, form: Form, status: int = 200, *, ask: bool = False) -> Response:
    choices = await _choices(at)
    return await render(
        request,
        "cases/form.html",
        status,
        form=form,
        choices=choices,
        fields=FIELDS,
        lengths=LENGTHS | kept_lengths(choices.lengths),
        kept=kept_lengths(choices.lengths),
        theirs=form.theirs,
        differing=form.content.differing(form.theirs) if form.theirs else set(),
        ask=ask,
    )


async def _choices(at: CurrentDealer) -> Choices:
    try:
        return await at.choices()
    except Transient:
        return Choices()  # show the form even without its lists
