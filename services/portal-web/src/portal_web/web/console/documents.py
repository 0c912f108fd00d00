"""The document queue: groups by cause, the list with its filters, and one document's page."""

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from portal_web.clients.rest import Problem
from portal_web.domain.console import stopped_by, window_under_way
from portal_web.web import notices
from portal_web.web.console.access import Console, Operator, given
from portal_web.web.console.labels import STATES
from portal_web.web.console.pages import go, show
from portal_web.web.current_user import Posted

router = APIRouter(prefix="/console/documents")
FILTERS = ("state", "cause", "alarm", "dealer", "q", "older_than_seconds")
_HISTORY = 50


@router.get("")
async def documents(request: Request, console: Operator) -> Response:
    """The list, filtered by the address; failed documents if it has no filter."""
    filters = filters_of(request)
    wrong: Problem | None = None
    groups = await console.api.groups()
    try:
        page = await console.api.documents(**filters, cursor=request.query_params.get("cursor"))
    except Problem as problem:
        if problem.status != 422:
            raise
        wrong, page = problem, await console.api.documents(state="failed")
    return await show(
        request,
        console,
        "documents",
        422 if wrong else 200,
        groups=groups,
        page=page,
        filters=filters,
        wrong=wrong,
        following=address("/console/documents", {**filters, "cursor": page.next or ""}) if page.next else None,
        bulk=address("/console/replays/new", bulk_of(filters)) if _replayable(filters) else None,
    )


@router.get("/one")
async def one_of_a_group(request: Request, _console: Operator) -> Response:
    """The newest dead letter that matches: to try one before the group."""
    filters = bulk_of(filters_of(request))
    page = await _console.api.documents(state="failed", limit=1, **filters)
    if not page.items:
        return RedirectResponse(address("/console/documents", {"state": "failed", **filters}), 303)
    group = {f"group_{name}": value for name, value in filters.items()}
    return RedirectResponse(address(f"/console/documents/{page.items[0].id}", group), 303)


@router.get("/{document}")
async def document(request: Request, console: Operator, document: str) -> Response:
    """One document: what was sent and answered, the possible actions, and what happened to it."""
    return await document_page(request, console, document)


@router.post("/{document}/notes")
async def add_note(request: Request, console: Operator, document: str, fields: Posted) -> Response:
    """Add a note."""
    text = fields.get("text", "").strip()
    try:
        await console.api.add_note(document, text)
    except Problem as problem:
        if not problem.fields:
            raise
        return await document_page(request, console, document, note=text, wrong_note=True)
    return await go(request, f"/console/documents/{document}#notes", done="note", document=document)


async def document_page(
    request: Request, console: Console, document: str, *, note: str = "", wrong_note: bool = False
) -> Response:
    """The page; `wrong_note`: its note cannot be added."""
    found = (await console.api.document(document)).document
    notice = notices.read(request)
    delivery = await console.api.delivery() if notice and notice.name == notices.LOOK_UP_WAITS else None
    history = (await console.api.audit(document=document, limit=_HISTORY)).items if console.may_audit else None
    group = {name: request.query_params.get(f"group_{name}", "") for name in FILTERS}
    group = {name: value for name, value in group.items() if value}
    return await show(
        request,
        console,
        "document",
        422 if wrong_note else 200,
        document=found,
        history=history,
        delivery=delivery,
        stopped=stopped_by(delivery) if delivery else None,
        window=window_under_way(delivery) if delivery else None,
        group=group,
        group_address=address("/console/replays/new", group) if group else None,
        group_query="?" + urlencode({f"group_{name}": value for name, value in group.items()}) if group else "",
        note=note,
        wrong_note=wrong_note,
    )


def filters_of(request: Request) -> dict[str, str]:
    """The list's filters in the address; `state=any` filters no state."""
    filters = given(request, FILTERS)
    if filters.get("state") == "any":
        filters["state"] = ",".join(STATES)
    return {"state": "failed", **filters}


def _replayable(filters: Mapping[str, str]) -> bool:
    return filters["state"] == "failed" and not filters.get("alarm")


def bulk_of(filters: Mapping[str, str]) -> dict[str, str]:
    """The filters by which dead letters are replayed."""
    return {name: value for name, value in filters.items() if name != "state"}


def address(path: str, query: Mapping[str, str]) -> str:
    """An address with the parameters that have a value."""
    encoded = urlencode({name: value for name, value in query.items() if value})
    return f"{path}?{encoded}" if encoded else path
