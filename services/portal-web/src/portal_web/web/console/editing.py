"""Edit a payload and replay it: a form from the API's schema, then the difference, then the order."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from portal_web.clients.rest import Problem
from portal_web.domain.console import permission
from portal_web.domain.d365_sync import ContactDocument, PayloadDocument, PayloadFormDocument
from portal_web.web.console.access import Console, Operator
from portal_web.web.console.orders import ordered
from portal_web.web.console.pages import show
from portal_web.web.current_user import Posted
from portal_web.web.preferences import words_of
from portal_web.web.rendering import query_of
from portal_web.web.signing import kept_form
from portal_web.web.words import Words

router = APIRouter(prefix="/console/documents/{document}/edit")
CONTACT = tuple(ContactDocument.model_fields)
PLAIN = tuple(name for name in PayloadDocument.model_fields if name != "contact")
_PREFIX = "/payload"


@router.get("")
async def edit(request: Request, console: Operator, document: str) -> Response:
    """The form, with the payload as it is."""
    if kept := await kept_form(request, console.user):
        return await _form(request, console, document, kept.fields)
    # In this order: a payload that changes in between is newer than the version, and so is noticed.
    etag = (await console.api.document(document)).etag
    form = await console.api.payload_form(document)
    return await _form(request, console, document, {**flat(form.payload or {}), "etag": etag}, form=form)


@router.post("")
async def preview(request: Request, console: Operator, document: str, fields: Posted) -> Response:
    """What the edit changes, and what D365 would get; or the form again.

    What somebody else has changed since the form was opened appears in the difference.
    """
    values = _given(fields)
    if "back" in fields:
        return await _form(request, console, document, fields)
    # Before the difference: a change in between makes this version old, and the API refuses the order.
    found = await console.api.document(document)
    try:
        foreseen = await console.api.preview(document, payload_of(values))
    except Problem as problem:
        if not problem.fields:
            raise
        return await _form(request, console, document, fields, problem)
    overtaken = fields.get("etag", "") != found.etag
    return await show(
        request, console, "edited", 409 if overtaken else 200, document=found.document, etag=found.etag,
        values=values, foreseen=foreseen, reason=fields.get("reason", ""), problem=None, overtaken=overtaken,
        permission=permission(found.document, "replay"), query=query_of(request),
    )  # fmt: skip


@router.post("/replay")
async def replay(request: Request, console: Operator, document: str, fields: Posted) -> Response:
    """Send it."""
    values = _given(fields)
    payload = payload_of(values)
    try:
        foreseen = await console.api.preview(document, payload)
        return await ordered(
            request, console, document, "replay", fields, "edited", {"payload": payload}, elsewhere=_PREFIX,
            values=values, foreseen=foreseen, query=query_of(request),
        )  # fmt: skip
    except Problem as problem:
        if not problem.fields:
            raise
        return await _form(request, console, document, fields, problem)


async def _form(
    request: Request,
    console: Console,
    document: str,
    fields: dict[str, str],
    problem: Problem | None = None,
    *,
    form: PayloadFormDocument | None = None,
) -> Response:
    """The form with what was typed; it keeps the version of the document on which that is based."""
    form, values = form or await console.api.payload_form(document), _given(fields)
    longest, words = lengths(form.payload_schema), words_of(request)
    errors = {}
    for one in problem.fields if problem else []:
        name = one.pointer.removeprefix(_PREFIX).strip("/").replace("/", "_")
        errors[name] = _advice(name, values, longest, words) or one.detail
    return await show(
        request, console, "edit", 422 if problem else 200, document_id=document, form=form, values=values,
        errors=errors, lengths=longest, reason=fields.get("reason", ""), etag=fields.get("etag", ""),
        query=query_of(request),
    )  # fmt: skip


def _advice(name: str, values: Mapping[str, str], longest: Mapping[str, int], words: Words) -> str | None:
    """What to do about a field of the form, in the operator's language."""
    if name not in values or name not in longest:
        return None
    value = values[name].strip()
    if name == "category" and not value:
        return words("Choose a category.")
    if name == "category_type" and not value:
        return words("Choose a type: D365 has several for this category.")
    if len(value) > longest[name]:
        return words("This is too long. Use at most %(number)s characters.", number=words.number(longest[name]))
    return words("This text contains characters that cannot be stored. Type it again without pasted formatting.")


def _given(fields: dict[str, str]) -> dict[str, str]:
    return {name: fields.get(name, "") for name in flat({})}


def flat(payload: Mapping[str, Any]) -> dict[str, str]:
    """A payload as a form's fields."""
    contact = payload.get("contact") or {}
    plain = {name: payload.get(name) or "" for name in PLAIN}
    return {**plain, **{f"contact_{name}": contact.get(name) or "" for name in CONTACT}}


def payload_of(values: dict[str, str]) -> dict[str, Any]:
    """A form's fields as a whole payload, so that an empty field is removed."""
    contact = {name: values.get(f"contact_{name}", "").strip() or None for name in CONTACT}
    plain = {name: value.strip() or None for name, value in values.items() if not name.startswith("contact_")}
    return {**plain, "category": plain.get("category") or "", "contact": contact if any(contact.values()) else None}


def lengths(schema: dict[str, Any]) -> dict[str, int]:
    """How long each field may be, as the schema says."""
    contact = schema["$defs"]["ContactInput"]["properties"]
    named = {**schema["properties"], **{f"contact_{name}": contact[name] for name in contact}}
    return {name: _length(of) for name, of in named.items() if name != "contact"}


def _length(of: dict[str, Any]) -> int:
    kinds = [of, *of.get("anyOf", [])]
    return next((int(kind["maxLength"]) for kind in kinds if "maxLength" in kind), 1000)
