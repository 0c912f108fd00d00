"""Routes of the audit: as a list, and as CSV."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from case_shared.words.spreadsheets import Cell, Spreadsheet
from d365_sync.app.reads import AuditFilter, ReadsQueue
from d365_sync.domain.document import DocumentId
from d365_sync.web.answers import page
from d365_sync.web.context import context_of
from d365_sync.web.openapi import ACCEPT_LANGUAGE, problems
from d365_sync.web.record_models import AuditPage
from d365_sync.web.requests import (
    AuditFileQuery,
    AuditFilterQuery,
    AuditQuery,
    document_id,
)

router = APIRouter(prefix="/v1", tags=["records"], route_class=TokenFirst)
Auditor = Annotated[Principal, Depends(Authenticated(Scope.AUDIT_READ))]
_COLUMNS = (
    "at",
    "actor",
    "action",
    "document",
    "replay_id",
    "documents",
    "outcome",
    "reason",
    "fields",
    "actor_subject",
    "actor_issuer",
    "web_case_id",
)
_TIMES = frozenset({"at"})
_CSV_PAGE = 500


@router.get(
    "/audit",
    operation_id="list_audit",
    summary="List the audit",
    response_model=AuditPage,
    responses=problems("not-found", "invalid-request"),
)
async def audit(request: Request, _auditor: Auditor, query: Annotated[AuditQuery, Query()]) -> Json:
    """Return who did what and why, newest first.

    Edited fields appear by name, and as added, changed or emptied, never with their values. `documents` is the number
    of documents that the action applied to, `outcome` their current state.

    Filters: document, replay, actor (name or subject), action, since (this time or later), until (before this time).
    """
    cursors = context_of(request).cursors
    behind = cursors.decode(query.cursor, "audit", int)
    rows = await context_of(request).queries.audit(_wanted(query), int(behind[0]) if behind else None, query.limit + 1)
    return page([_entry(row) for row in rows], query.limit, lambda item: cursors.encode("audit", item["id"]))


@router.get(
    "/audit.csv",
    operation_id="export_audit",
    summary="Export the audit as CSV",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "The audit."},
        **problems("not-found", "invalid-request"),
    },
    openapi_extra={"parameters": [ACCEPT_LANGUAGE]},
)
async def audit_csv(request: Request, _auditor: Auditor, query: Annotated[AuditFileQuery, Query()]) -> Response:
    """Return all matching entries, newest first.

    The file is UTF-8 with a byte order mark. `separator` separates the cells; its default depends on
    `Accept-Language`. Times are in the time zone `zone`, which the column headers name. An apostrophe precedes text
    that a spreadsheet could take for a formula.
    """
    sheet = query.spreadsheet(request.headers.get("accept-language", ""))
    lines = _lines(sheet, context_of(request).queries, _wanted(query))
    headers = {"Content-Disposition": 'attachment; filename="casebridge-audit.csv"', "Vary": "Accept-Language"}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(sheet: Spreadsheet, queries: ReadsQueue, wanted: AuditFilter) -> AsyncIterator[bytes]:
    yield sheet.header(_COLUMNS, _TIMES)
    below: int | None = None
    while rows := await queries.audit(wanted, below, _CSV_PAGE):
        yield sheet.lines([_cell(_entry(row)[column]) for column in _COLUMNS] for row in rows)
        below = rows[-1]["id"]


def _wanted(query: AuditFilterQuery) -> AuditFilter:
    key = document_id(query.document) if query.document else None
    return AuditFilter(key, query.replay, query.actor, query.action, query.since, query.until)


def _entry(row: Json) -> Json:
    number = row["submission_no"]
    changes = [
        {"field": field, "change": kind} for field, kind in zip(row["fields"], row["changes"] or (), strict=False)
    ]
    return {**row, "changes": changes, "document": str(DocumentId(row["web_case_id"], number)) if number else None}


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        return " ".join(value)
    return value if isinstance(value, str | int | datetime | None) else str(value)
