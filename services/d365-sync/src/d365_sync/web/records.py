"""Routes of what was kept: unreadable records, the audit, the ledger."""

import base64
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from case_shared.auth import Authenticated, Principal
from d365_sync.domain.document import DocumentId
from d365_sync.domain.ledger import adds_up
from d365_sync.web.answers import Json, answer, page
from d365_sync.web.context import context_of
from d365_sync.web.models import AuditPage, LedgerDocument, UnreadableRecords
from d365_sync.web.openapi import problems
from d365_sync.web.requests import AuditQuery, LedgerQuery, PageQuery, decode_cursor, document_id, encode_cursor

router = APIRouter(prefix="/v1", tags=["records"])
Reader = Annotated[Principal, Depends(Authenticated("documents:read"))]
Auditor = Annotated[Principal, Depends(Authenticated("audit:read"))]


@router.get(
    "/unreadable-records",
    operation_id="list_unreadable_records",
    summary="Kafka records that no service could read, newest first",
    responses={200: {"model": UnreadableRecords}, **problems("invalid-request")},
)
async def unreadable_records(request: Request, _reader: Reader, query: Annotated[PageQuery, Query()]) -> Response:
    """Raw bytes in base64, headers, place and cause."""
    rows = await context_of(request).queries.unreadable_records(_below(query.cursor), query.limit + 1)
    return answer(page([_unreadable(row) for row in rows], query.limit, _cursor))


@router.get(
    "/audit",
    operation_id="list_audit",
    summary="Who did what and why, newest first",
    responses={200: {"model": AuditPage}, **problems("not-found", "invalid-request")},
)
async def audit(request: Request, _auditor: Auditor, query: Annotated[AuditQuery, Query()]) -> Response:
    """Edited fields by name, never their values; `document` and `replay` filter."""
    key = document_id(query.document) if query.document else None
    rows = await context_of(request).queries.audit(key, query.replay, _below(query.cursor), query.limit + 1)
    return answer(page([_entry(row) for row in rows], query.limit, _cursor))


@router.get(
    "/ledger",
    operation_id="get_ledger",
    summary="Does every submission have its place?",
    responses={200: {"model": LedgerDocument}, **problems("invalid-request")},
)
async def ledger(request: Request, _reader: Reader, query: Annotated[LedgerQuery, Query()]) -> Response:
    """Submissions older than `older_than_seconds` (five minutes) by where they stand; younger ones are counted apart.

    `d365=true` holds our books against D365's: it reads every case there that carries a Web Case ID, many in one
    request, and tells which are delivered and not found, found and not delivered, or found twice. 503 where D365 gives
    no answer.
    """
    context = context_of(request)
    compared = await context.compare_with_d365(query.older_than_seconds) if query.d365 else None
    counts = await context.queries.ledger(query.older_than_seconds)
    as_of = counts.pop("as_of")
    agrees = compared is None or compared.adds_up
    told = {"d365": asdict(compared)} if compared else {}
    return answer({"adds_up": adds_up(counts) and agrees, "as_of": as_of, **counts, **told})


def _below(cursor: str | None) -> int | None:
    parts = decode_cursor(cursor, int)
    return int(parts[0]) if parts else None


def _cursor(item: Json) -> str:
    return encode_cursor(item["id"])


def _unreadable(row: dict[str, Any]) -> Json:
    key, value, offset = row.pop("key"), row.pop("value"), row.pop("record_offset")
    return {**row, "offset": offset, "key_base64": _base64(key), "value_base64": _base64(value)}


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _entry(row: dict[str, Any]) -> Json:
    number = row["submission_no"]
    return {**row, "document": str(DocumentId(row["web_case_id"], number)) if number else None}
