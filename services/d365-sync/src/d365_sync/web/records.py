"""Routes of unreadable records, and of the ledger."""

import base64
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.web.problems import Problem
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.domain.ledger import adds_up
from d365_sync.web.answers import page
from d365_sync.web.context import context_of
from d365_sync.web.openapi import problems
from d365_sync.web.record_models import LedgerDocument, UnreadableRecord, UnreadableRecords
from d365_sync.web.requests import (
    NO_REASON,
    LedgerQuery,
    NoQuery,
    OptionalReasonInput,
    RecordsQuery,
    no_query_on_orders,
)

_LIST = "unreadable-records"
router = APIRouter(prefix="/v1", tags=["records"], dependencies=[Depends(no_query_on_orders)], route_class=TokenFirst)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]
Writer = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_WRITE))]
_PREVIEW_BYTES = 4096
_ONE = problems("not-found", "invalid-request")


@router.get(
    "/unreadable-records",
    operation_id="list_unreadable_records",
    summary="List unreadable records",
    response_model=UnreadableRecords,
    responses=problems("invalid-request"),
)
async def unreadable_records(request: Request, _reader: Reader, query: Annotated[RecordsQuery, Query()]) -> Json:
    """Return the Kafka records that a service could not read, newest first: raw bytes in base64, a preview as text,
    headers, position and cause. `topic` and `seen` filter the list.
    """
    cursors = context_of(request).cursors
    behind = cursors.decode(query.cursor, _LIST, int)
    below = int(behind[0]) if behind else None
    rows = await context_of(request).queries.unreadable_records(query.topic, query.seen, below, query.limit + 1)
    return page(
        [_unreadable(row) for row in rows],
        query.limit,
        lambda item: cursors.encode(_LIST, item["id"]),
    )


@router.get(
    "/unreadable-records/{record}",
    operation_id="get_unreadable_record",
    summary="Get an unreadable record",
    response_model=UnreadableRecord,
    responses=_ONE,
)
async def unreadable_record(
    request: Request, _reader: Reader, record: str, _query: Annotated[NoQuery, Query()]
) -> Json:
    """Return one unreadable record, as in the list."""
    return await _shown(request, record)


@router.post(
    "/unreadable-records/{record}/seen",
    operation_id="see_unreadable_record",
    summary="Mark an unreadable record as seen",
    response_model=UnreadableRecord,
    responses=_ONE,
)
async def seen(request: Request, writer: Writer, record: str, body: OptionalReasonInput = NO_REASON) -> Json:
    """The record no longer needs attention. The first person who marked it is kept; repeating has no effect."""
    await context_of(request).actions.see_record(_record_id(record), writer.actor, body.reason)
    return await _shown(request, record)


@router.get(
    "/ledger",
    operation_id="get_ledger",
    summary="Check that no submission is missing",
    response_model=LedgerDocument,
    response_model_exclude_unset=True,  # `d365` is there only if it was asked for
    responses=problems("invalid-request"),
)
async def ledger(request: Request, _reader: Reader, query: Annotated[LedgerQuery, Query()]) -> Json:
    """Return the submissions older than `older_than_seconds` (default: five minutes) by state.

    Younger submissions are counted separately. `d365=true` also compares with D365: it reads every case there that has
    a Web Case ID, many per request, and returns those that are delivered but not found, found but not delivered, or
    found twice. The answer is 503 if D365 does not answer. One comparison runs at a time: the same request waits for
    its result, and one with other `older_than_seconds` gets 503.
    """
    context = context_of(request)
    compared = await context.compare_with_d365(query.older_than_seconds) if query.d365 else None
    counts = await context.queries.ledger(query.older_than_seconds)
    as_of = counts.pop("as_of")
    agrees = compared is None or compared.adds_up
    comparison = {"d365": asdict(compared)} if compared else {}
    return {"adds_up": adds_up(counts) and agrees, "as_of": as_of, **counts, **comparison}


async def _shown(request: Request, record: str) -> Json:
    row = await context_of(request).queries.unreadable_record(_record_id(record))
    if row is None:
        raise _no_record(record)
    return _unreadable(row)


def _record_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise _no_record(text)
    return int(text)


def _no_record(text: str) -> Problem:
    return Problem(404, "not-found", "Not found", f"Unreadable record {text} does not exist.")


def _unreadable(row: Json) -> Json:
    key, value, offset = row.pop("key"), row.pop("value"), row.pop("record_offset")
    last_offset = row.pop("last_offset")
    return {
        **row,
        "offset": offset,
        # A row from before ranges were stored is one record.
        "last_offset": offset if last_offset is None else last_offset,
        "key_base64": _base64(key),
        "value_base64": _base64(value),
        "key_text": _text(key),
        "value_text": _text(value),
        "value_bytes": None if value is None else len(value),
    }


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _text(value: bytes | None) -> str | None:
    """The beginning as text; what is not UTF-8 becomes U+FFFD."""
    return None if value is None else value[:_PREVIEW_BYTES].decode(errors="replace")
