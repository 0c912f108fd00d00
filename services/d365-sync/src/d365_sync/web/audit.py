"""Routes of the audit: as a list, and as CSV."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from case_shared.auth import Authenticated, Principal
from d365_sync.domain.document import DocumentId
from d365_sync.postgres.queries import AuditFilter, Queries
from d365_sync.web.answers import Json, answer, page
from d365_sync.web.context import context_of
from d365_sync.web.models import AuditPage
from d365_sync.web.openapi import problems
from d365_sync.web.requests import AuditFilterQuery, AuditQuery, decode_cursor, document_id, encode_cursor

router = APIRouter(prefix="/v1", tags=["records"])
Auditor = Annotated[Principal, Depends(Authenticated("audit:read"))]
_COLUMNS = ("at", "actor", "action", "document", "replay_id", "documents", "outcome", "reason", "fields")
_CSV_PAGE = 500
# Spreadsheets take a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@router.get(
    "/audit",
    operation_id="list_audit",
    summary="Who did what and why, newest first",
    responses={200: {"model": AuditPage}, **problems("not-found", "invalid-request")},
)
async def audit(request: Request, _auditor: Auditor, query: Annotated[AuditQuery, Query()]) -> Response:
    """Edited fields by name, never their values; `documents` is to how many, `outcome` how they stand now.

    Filters: document, replay, actor, action, since (that time and later), until (before that time).
    """
    behind = decode_cursor(query.cursor, int)
    rows = await context_of(request).queries.audit(_wanted(query), int(behind[0]) if behind else None, query.limit + 1)
    return answer(page([_entry(row) for row in rows], query.limit, lambda item: encode_cursor(item["id"])))


@router.get(
    "/audit.csv",
    operation_id="export_audit",
    summary="The audit as CSV",
    response_class=Response,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "the audit"},
        **problems("not-found", "invalid-request"),
    },
)
async def audit_csv(request: Request, _auditor: Auditor, query: Annotated[AuditFilterQuery, Query()]) -> Response:
    """All that matches, newest first; an apostrophe stands before what a spreadsheet would take for a formula."""
    lines = _lines(context_of(request).queries, _wanted(query))
    headers = {"Content-Disposition": 'attachment; filename="casebridge-audit.csv"'}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(queries: Queries, wanted: AuditFilter) -> AsyncIterator[str]:
    yield _csv(_COLUMNS)
    below: int | None = None
    while rows := await queries.audit(wanted, below, _CSV_PAGE):
        yield "".join(_csv([_cell(_entry(row)[column]) for column in _COLUMNS]) for row in rows)
        below = rows[-1]["id"]


def _wanted(query: AuditFilterQuery) -> AuditFilter:
    key = document_id(query.document) if query.document else None
    return AuditFilter(key, query.replay, query.actor, query.action, query.since, query.until)


def _entry(row: dict[str, Any]) -> Json:
    number = row["submission_no"]
    return {**row, "document": str(DocumentId(row["web_case_id"], number)) if number else None}


def _cell(value: Any) -> str:
    text = " ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(cells: Any) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
