"""Routes of one document's own page: what would be sent, a form for its payload, and notes."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.words.scopes import Scope
from d365_sync.app.operator_actions import DocumentNotFound
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
    document_id,
    no_query_on_orders,
)

router = APIRouter(
    prefix="/v1/documents/{document}",
    tags=["documents"],
    dependencies=[Depends(no_query_on_orders)],
    route_class=TokenFirst,
)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]
Writer = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_WRITE))]


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
    """What operators wrote to each other about it; the document itself has the newest twenty, too."""
    key = document_id(document)
    cursors = context_of(request).cursors
    behind = cursors.decode(query.cursor, "notes", int)
    found = await context_of(request).queries.notes(key, int(behind[0]) if behind else None, query.limit + 1)
    if not found and behind is None:
        await _row(request, document)
    return answer(page(found, query.limit, lambda note: cursors.encode("notes", note["id"])))


@router.post(
    "/notes",
    operation_id="add_note",
    summary="Add a note",
    status_code=201,
    responses={201: {"model": NoteDocument}, **problems("not-found", "invalid-request")},
)
async def add_note(request: Request, writer: Writer, document: str, body: NoteInput) -> Response:
    """Never changed; dealers do not see it. Its text ends with the personal data of the case."""
    key = document_id(document)
    added = await context_of(request).actions.add_note(key, writer.actor, body.text)
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
