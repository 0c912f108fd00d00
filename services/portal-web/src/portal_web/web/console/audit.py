"""The audit: who did what, when, why, to how many, and the state now; also as CSV."""

from collections.abc import AsyncIterator, Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.exceptions import HTTPException

from case_shared.words.days import day_begins, day_ends
from portal_web.clients.rest import Problem
from portal_web.domain.d365_sync import AuditPage
from portal_web.web.console.access import Console, Operator, given
from portal_web.web.console.documents import address
from portal_web.web.console.pages import show
from portal_web.web.preferences import words_of

router = APIRouter(prefix="/console")
FILTERS = ("actor", "action", "document", "replay", "from", "to")


@router.get("/audit")
async def audit(request: Request, console: Operator) -> Response:
    """The list, filtered by the address."""
    _may(console)
    filters = given(request, FILTERS)
    try:
        page = await console.api.audit(**_query(request, filters), cursor=request.query_params.get("cursor"))
    except Problem as problem:
        return await _without_document(request, console, filters, problem)
    return await _shown(request, console, filters, page)


@router.get("/audit.csv")
async def audit_csv(request: Request, console: Operator) -> Response:
    """All that matches."""
    _may(console)
    filters = given(request, FILTERS)
    stream = console.api.audit_csv(**_query(request, filters), zone=words_of(request).zone)
    try:
        answer = await stream.__aenter__()
    except Problem as problem:
        return await _without_document(request, console, filters, problem)

    async def lines() -> AsyncIterator[bytes]:
        try:
            async for part in answer.aiter_bytes():
                yield part  # what breaks off ends the connection: half an export must not look like a whole one
        finally:
            await stream.__aexit__(None, None, None)

    headers = {"Content-Disposition": 'attachment; filename="casebridge-audit.csv"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)


async def _without_document(request: Request, console: Console, filters: dict[str, str], problem: Problem) -> Response:
    """An empty list that says that no document has the ID in the filter; raises the problem if it is another one."""
    if problem.slug != "not-found" and not problem.about("?document"):
        raise problem
    return await _shown(request, console, filters, AuditPage(items=[], has_more=False), unknown_document=True)


async def _shown(
    request: Request, console: Console, filters: dict[str, str], page: AuditPage, *, unknown_document: bool = False
) -> Response:
    return await show(
        request, console, "audit", 422 if unknown_document else 200, page=page, filters=filters,
        csv=address("/console/audit.csv", filters), unknown_document=unknown_document,
        following=address("/console/audit", {**filters, "cursor": page.next}) if page.next else None,
    )  # fmt: skip


def _may(console: Console) -> None:
    if not console.may_audit:
        raise HTTPException(403)


def _query(request: Request, filters: dict[str, str]) -> dict[str, str | None]:
    zone = ZoneInfo(words_of(request).zone)
    named = {name: filters.get(name) for name in ("actor", "action", "document", "replay")}
    begin, end = (_bound(filters.get("from"), zone, day_begins), _bound(filters.get("to"), zone, day_ends))
    return {**named, "since": begin, "until": end}


def _bound(text: str | None, zone: ZoneInfo, moment: Callable[[date, ZoneInfo], datetime]) -> str | None:
    """When a day begins or ends for the operator; None if the text is not a day."""
    try:
        return moment(date.fromisoformat(text or ""), zone).isoformat()
    except ValueError:
        return None
