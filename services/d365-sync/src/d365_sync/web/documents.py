"""Routes of the document queue."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.web.cursors import Cursors
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.app.operator_actions import DocumentNotFound, Order
from d365_sync.app.reads import Filter, Place
from d365_sync.domain.document import Action, DocumentId
from d365_sync.domain.permissions import WRITING
from d365_sync.web import answers
from d365_sync.web.context import context_of
from d365_sync.web.models import DocumentDocument, DocumentGroups, DocumentPage
from d365_sync.web.openapi import IF_MATCH, problems
from d365_sync.web.requests import (
    NO_REASON,
    DocumentsQuery,
    LinkInput,
    NoQuery,
    OptionalReasonInput,
    ReasonInput,
    ReplayInput,
    document_id,
    expected_revision,
    no_query_on_orders,
)

_LIST = "documents"
router = APIRouter(prefix="/v1", tags=["documents"], dependencies=[Depends(no_query_on_orders)], route_class=TokenFirst)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]
Writer = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_WRITE))]
_ORDERED = problems("not-found", "not-allowed", "version-changed", "invalid-request", "version-required")


@router.get(
    "/documents",
    operation_id="list_documents",
    summary="List documents",
    response_model=DocumentPage,
    responses=problems("invalid-request"),
)
async def documents(request: Request, reader: Reader, query: Annotated[DocumentsQuery, Query()]) -> Json:
    """Return documents, newest first.

    Filters: state (one or more, separated by commas), dealer, cause, alarm, older_than_seconds and q. `q` is part of
    the document ID, Case ID, submission ID, dealer, reason or detail.
    """
    wanted = Filter(query.states(), query.dealer, query.cause, query.older_than_seconds, query.q, query.alarm)
    cursors = context_of(request).cursors
    rows = await context_of(request).queries.documents(wanted, _place(cursors, query.cursor), query.limit + 1)
    shown = [answers.document(row, may_write=WRITING in reader.scopes) for row in rows]
    return answers.page(shown, query.limit, lambda item: _cursor(cursors, item))


@router.get(
    "/documents/{document}",
    operation_id="get_document",
    summary="Get a document",
    response_model=DocumentDocument,
    responses=problems("not-found", "invalid-request"),
)
async def one_document(
    request: Request, response: Response, reader: Reader, document: str, _query: Annotated[NoQuery, Query()]
) -> Json:
    """Return the payload, the state, and each attempt with what was sent and what D365 answered.

    `request` is the request to D365, `changes` is what operators edited in the submitted payload, and `actions` says
    for each action whether the caller can use it now, and if not, why. Send the ETag in If-Match.
    """
    return await _shown(request, response, reader, document_id(document))


@router.get(
    "/document-groups",
    operation_id="list_document_groups",
    summary="Group dead letters by cause",
    response_model=DocumentGroups,
    responses=problems("invalid-request"),
)
async def document_groups(request: Request, _reader: Reader, _query: Annotated[NoQuery, Query()]) -> Json:
    """Return the number of dead letters for each cause, the first and the last time, and the most common reasons."""
    items = await context_of(request).queries.groups()
    return {"items": items, "next": None, "has_more": False}


@router.post(
    "/documents/{document}/replay",
    operation_id="replay_document",
    summary="Replay a document",
    response_model=DocumentDocument,
    responses=_ORDERED,
    openapi_extra=IF_MATCH,
)
async def replay(request: Request, response: Response, writer: Writer, document: str, body: ReplayInput) -> Json:
    """Queue the dead letter again, optionally with an edited payload. It is looked up in D365 before it is sent."""
    order = _order(request, writer, document, body.reason)
    await context_of(request).replay(order, body.payload.content() if body.payload else None)
    return await _done(request, response, writer, order)


@router.post(
    "/documents/{document}/link",
    operation_id="link_document",
    summary="Link a document to a case in D365",
    response_model=DocumentDocument,
    responses=_ORDERED,
    openapi_extra=IF_MATCH,
)
async def link(request: Request, response: Response, writer: Writer, document: str, body: LinkInput) -> Json:
    """Link the document to a case that D365 already has.

    The case must be in the document's legal entity and must not have another Web Case ID. A delivered document with
    the alarm `second_case` moves to one of its `other_case_ids`, and the alarm ends.
    """
    order = _order(request, writer, document, body.reason)
    await context_of(request).link(order, body.case_id)
    return await _done(request, response, writer, order)


@router.post(
    "/documents/{document}/verify",
    operation_id="verify_document",
    summary="Look up a document in D365",
    response_model=DocumentDocument,
    responses=_ORDERED,
    openapi_extra=IF_MATCH,
)
async def verify(
    request: Request, response: Response, writer: Writer, document: str, body: OptionalReasonInput = NO_REASON
) -> Json:
    """Look the document up now. The answer waits briefly for the result."""
    order = _order(request, writer, document, body.reason)
    await context_of(request).verify(order)
    return await _done(request, response, writer, order)


@router.post(
    "/documents/{document}/return",
    operation_id="return_document",
    summary="Return a document to its dealer",
    response_model=DocumentDocument,
    responses=_ORDERED,
    openapi_extra=IF_MATCH,
)
async def give_back(request: Request, response: Response, writer: Writer, document: str, body: ReasonInput) -> Json:
    """Return the document to its dealer as a draft. The dealer sees the reason."""
    return await _end(Action.RETURN, request, response, writer, document, body)


@router.post(
    "/documents/{document}/discard",
    operation_id="discard_document",
    summary="Discard a document",
    response_model=DocumentDocument,
    responses=_ORDERED,
    openapi_extra=IF_MATCH,
)
async def discard(request: Request, response: Response, writer: Writer, document: str, body: ReasonInput) -> Json:
    """End the document without delivering it. The dealer sees the reason. `restore` undoes a discard."""
    return await _end(Action.DISCARD, request, response, writer, document, body)


@router.post(
    "/documents/{document}/restore",
    operation_id="restore_document",
    summary="Restore a discarded document",
    response_model=DocumentDocument,
    responses=_ORDERED,
    openapi_extra=IF_MATCH,
)
async def restore(request: Request, response: Response, writer: Writer, document: str, body: ReasonInput) -> Json:
    """The document becomes a dead letter again."""
    return await _end(Action.RESTORE, request, response, writer, document, body)


@router.post(
    "/documents/{document}/acknowledge",
    operation_id="acknowledge_document",
    summary="Acknowledge an alarm",
    response_model=DocumentDocument,
    responses=_ORDERED,
    openapi_extra=IF_MATCH,
)
async def acknowledge(request: Request, response: Response, writer: Writer, document: str, body: ReasonInput) -> Json:
    """End the document's alarm because somebody has dealt with it. The same finding raises no further alarm."""
    return await _end(Action.ACKNOWLEDGE, request, response, writer, document, body)


async def _end(
    action: Action, request: Request, response: Response, writer: Principal, document: str, body: ReasonInput
) -> Json:
    order = _order(request, writer, document, body.reason)
    await context_of(request).end(action, order)
    return await _done(request, response, writer, order)


def _order(request: Request, writer: Principal, document: str, reason: str) -> Order:
    return Order(document_id(document), expected_revision(request), writer.actor, reason)


async def _done(request: Request, response: Response, writer: Principal, order: Order) -> Json:
    context_of(request).wake_ups.taken_in()
    return await _shown(request, response, writer, order.document)


async def _shown(request: Request, response: Response, caller: Principal, key: DocumentId) -> Json:
    context = context_of(request)
    row = await context.queries.document(key)
    if row is None:
        raise DocumentNotFound(f"Document {key} does not exist")
    whole = answers.whole_document(row, context.preview, may_write=WRITING in caller.scopes)
    response.headers["ETag"] = f'"{row["revision"]}"'
    return whole


def _cursor(cursors: Cursors, item: Json) -> str:
    return cursors.encode(_LIST, item["created_at"].isoformat(), item["web_case_id"], item["submission_no"])


def _place(cursors: Cursors, cursor: str | None) -> Place | None:
    parts = cursors.decode(cursor, _LIST, str, str, int)
    if parts is None:
        return None
    return Place(datetime.fromisoformat(str(parts[0])), DocumentId(str(parts[1]), parts[2]))
