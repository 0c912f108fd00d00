"""Routes of one document's own page: what would be sent, a form for its payload, and notes."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.app.operator_actions import DocumentNotFound
from d365_sync.domain.document import DocumentId
from d365_sync.web.answers import page, payload
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
    summary="Preview a replay",
    response_model=PreviewDocument,
    responses=problems("not-found", "invalid-request"),
)
async def preview(request: Request, _reader: Reader, document: str, body: PreviewInput) -> Json:
    """Return the changed fields, the request with D365's names, and a value that D365's lists do not contain.

    Nothing is sent or stored. Send a payload to preview an edited one.
    """
    row = await _row(request, document)
    edited = body.payload.content() if body.payload else None
    foreseen = await context_of(request).preview(row, edited)
    if foreseen is None:
        return {"changes": [], "request": None, "problem": "/payload: The payload was emptied"}
    return asdict(foreseen)


@router.get(
    "/payload-form",
    operation_id="get_payload_form",
    summary="Get the form for editing a payload",
    response_model=PayloadFormDocument,
    responses=problems("not-found", "invalid-request"),
)
async def payload_form(request: Request, _reader: Reader, document: str, _query: Annotated[NoQuery, Query()]) -> Json:
    """Return the JSON Schema of a replay's payload, the current payload, and the choices in D365."""
    row = await _row(request, document)
    choices = await context_of(request).preview.lists.choices(row["data_area_id"])
    pairs = [{"category": one, "category_type": kind} for one, kind in sorted(choices.categories)]
    return {
        "payload_schema": PayloadInput.model_json_schema(),
        "payload": row["content"] and payload(row["content"]),
        "choices": {"categories": pairs, "priorities": sorted(choices.priorities)},
    }


@router.get(
    "/notes",
    operation_id="list_notes",
    summary="List a document's notes",
    response_model=NotesDocument,
    responses=problems("not-found", "invalid-request"),
)
async def notes(request: Request, _reader: Reader, document: str, query: Annotated[PageQuery, Query()]) -> Json:
    """Return what operators wrote about the document, newest first.

    The document itself contains the newest 20 notes.
    """
    key = document_id(document)
    cursors = context_of(request).cursors
    behind = cursors.decode(query.cursor, "notes", int)
    found = await context_of(request).queries.notes(key, int(behind[0]) if behind else None, query.limit + 1)
    if not found and behind is None:
        await _row(request, document)
    return page(found, query.limit, lambda note: cursors.encode("notes", note["id"]))


@router.post(
    "/notes",
    operation_id="add_note",
    summary="Add a note",
    status_code=201,
    response_model=NoteDocument,
    responses=problems("not-found", "invalid-request"),
)
async def add_note(request: Request, writer: Writer, document: str, body: NoteInput) -> Json:
    """Notes cannot be changed, and dealers do not see them.

    The text is deleted together with the personal data of the case.
    """
    key = document_id(document)
    added = await context_of(request).actions.add_note(key, writer.actor, body.text)
    if added is None:
        raise _no_document(key)
    return added


async def _row(request: Request, document: str) -> Json:
    key = document_id(document)
    row: Json | None = await context_of(request).queries.document(key)
    if row is None:
        raise _no_document(key)
    return row


def _no_document(key: DocumentId) -> DocumentNotFound:
    return DocumentNotFound(f"Document {key} does not exist")
