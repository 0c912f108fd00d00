"""Routes of one document's own page: what would be sent, a form for its payload, and notes."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from case_shared.auth import Authenticated, Principal
from d365_sync.app.operating import DocumentNotFound
from d365_sync.domain.document import DocumentId
from d365_sync.web.answers import Json, answer, page, payload
from d365_sync.web.context import context_of
from d365_sync.web.document_models import (
    NoteDocument,
    NoteInput,
    NotesDocument,
    PayloadFormDocument,
    PreviewDocument,
    PreviewInput,
)
from d365_sync.web.openapi import problems
from d365_sync.web.requests import (
    NoQuery,
    PageQuery,
    PayloadInput,
    decode_cursor,
    document_id,
    encode_cursor,
    no_query_on_orders,
)

router = APIRouter(prefix="/v1/documents/{document}", tags=["documents"], dependencies=[Depends(no_query_on_orders)])
Reader = Annotated[Principal, Depends(Authenticated("documents:read"))]
Writer = Annotated[Principal, Depends(Authenticated("documents:write"))]


@router.post(
    "/preview",
    operation_id="preview_replay",
    summary="What a replay would send, perhaps with an edited payload",
    responses={200: {"model": PreviewDocument}, **problems("not-found", "invalid-request")},
)
async def preview(request: Request, _reader: Reader, document: str, body: PreviewInput) -> Response:
    """Nothing is sent or stored: the changed fields, the request by D365's names, and what its lists do not know."""
    row = await _row(request, document)
    edited = body.payload.content() if body.payload else None
    foreseen = await context_of(request).preview(row, edited)
    return answer(
        asdict(foreseen) if foreseen else {"changes": [], "request": None, "problem": "/payload: it was emptied"}
    )


@router.get(
    "/payload-form",
    operation_id="get_payload_form",
    summary="What a form for an edited payload needs",
    responses={200: {"model": PayloadFormDocument}, **problems("not-found", "invalid-request")},
)
async def payload_form(
    request: Request, _reader: Reader, document: str, _query: Annotated[NoQuery, Query()]
) -> Response:
    """The JSON Schema of a replay's payload, the payload as it is, and what D365 lets one choose."""
    row = await _row(request, document)
    choices = await context_of(request).preview.lists.choices(row["data_area_id"])
    pairs = [{"category": one, "category_type": kind} for one, kind in sorted(choices.categories)]
    return answer(
        {
            "payload_schema": PayloadInput.model_json_schema(),
            "payload": row["content"] and payload(row["content"]),
            "choices": {"categories": pairs, "priorities": sorted(choices.priorities)},
        }
    )


@router.get(
    "/notes",
    operation_id="list_notes",
    summary="A document's notes, newest first",
    responses={200: {"model": NotesDocument}, **problems("not-found", "invalid-request")},
)
async def notes(request: Request, _reader: Reader, document: str, query: Annotated[PageQuery, Query()]) -> Response:
    """What operators told each other about it; the newest twenty stand in the document itself, too."""
    key = document_id(document)
    behind = decode_cursor(query.cursor, int)
    found = await context_of(request).queries.notes(key, int(behind[0]) if behind else None, query.limit + 1)
    if not found and behind is None:
        await _row(request, document)
    return answer(page(found, query.limit, lambda note: encode_cursor(note["id"])))


@router.post(
    "/notes",
    operation_id="add_note",
    summary="Add a note",
    status_code=201,
    responses={201: {"model": NoteDocument}, **problems("not-found", "invalid-request")},
)
async def add_note(request: Request, writer: Writer, document: str, body: NoteInput) -> Response:
    """Kept for ever, never changed; dealers do not see it."""
    key = document_id(document)
    added = await context_of(request).desk.add_note(key, writer.username, body.text)
    if added is None:
        raise _no_document(key)
    return answer(added, 201)


async def _row(request: Request, document: str) -> Json:
    key = document_id(document)
    row: dict[str, Any] | None = await context_of(request).queries.document(key)
    if row is None:
        raise _no_document(key)
    return row


def _no_document(key: DocumentId) -> DocumentNotFound:
    return DocumentNotFound(f"there is no document {key}")
