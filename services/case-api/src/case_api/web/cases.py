"""Routes of one case: drafts, and what became of them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from case_api.app.copy_case import copy_case
from case_api.app.create_case import create_case
from case_api.app.delete_case import delete_case
from case_api.app.edit_case import edit_case
from case_api.app.get_case import get_case
from case_api.app.get_timeline import get_timeline
from case_api.app.stores import Saved
from case_api.web.access import Call, CallFor
from case_api.web.conditions import JSON, MERGE_PATCH, Versions, idempotency_key, unless_known
from case_api.web.documents import case_document, etag, replay_header, timeline_document
from case_api.web.openapi import IF_MATCH, IF_NONE_MATCH, KEY, NOT_MODIFIED, body, problems
from case_api.web.routing import TimedRoute
from case_api.web.schemas import CaseDocument, CaseInput, Timeline
from case_shared.words.scopes import Scope

router = APIRouter(
    prefix="/v1/dealers/{dealer}/cases", tags=["cases"], route_class=TimedRoute, strict_content_type=False
)
Reads = Annotated[Call, Depends(CallFor(Scope.CASES_READ))]
Writes = Annotated[Call, Depends(CallFor(Scope.CASES_WRITE))]
Creates = Annotated[Call, Depends(CallFor(Scope.CASES_WRITE, media_types=(JSON,)))]
Edits = Annotated[Call, Depends(CallFor(Scope.CASES_WRITE, media_types=(MERGE_PATCH, JSON)))]


@router.get(
    "/{web_case_id}",
    operation_id="get_case",
    summary="Get a case",
    responses=problems("not-found", "invalid-request"),
)
async def get(web_case_id: str, response: Response, call: Reads) -> CaseDocument:
    """Return one case with its ETag."""
    case = await get_case(call.context.cases, call.dealer.dealer, web_case_id)
    response.headers["ETag"] = etag(case)
    return case_document(case)


@router.post(
    "",
    operation_id="create_case",
    summary="Save a new draft",
    status_code=201,
    responses=problems(
        "not-found",
        "idempotency-key-in-use",
        "draft-deleted",
        "unsupported-media-type",
        "invalid-request",
        "idempotency-key-reused",
    ),
    openapi_extra={"parameters": [KEY]},
)
async def create(request: Request, response: Response, call: Creates, draft: CaseInput) -> CaseDocument:
    """Save a draft, which may be incomplete. The answer contains its Web Case ID."""
    key = await idempotency_key(request, call.principal)
    saved = await create_case(call.context.cases, call.dealer, draft.content(), call.principal.actor, key)
    return _created(response, saved)


@router.patch(
    "/{web_case_id}",
    operation_id="edit_case",
    summary="Change a draft",
    responses=problems(
        "not-found",
        "case-submitted",
        "version-changed",
        "unsupported-media-type",
        "invalid-request",
        "version-required",
    ),
    openapi_extra={**body(CaseInput, MERGE_PATCH), "parameters": [IF_MATCH]},
)
async def edit(web_case_id: str, response: Response, call: Edits, expected: Versions, patch: CaseInput) -> CaseDocument:
    """Change a draft with a merge patch. null empties a field; fields that you leave out stay as they are."""
    case = await edit_case(call.context.cases, call.dealer.dealer, web_case_id, expected, patch.changes())
    response.headers["ETag"] = etag(case)
    return case_document(case)


@router.delete(
    "/{web_case_id}",
    operation_id="delete_case",
    summary="Delete a draft",
    status_code=204,
    responses=problems("not-found", "case-submitted", "version-changed", "invalid-request", "version-required"),
    openapi_extra={"parameters": [IF_MATCH]},
)
async def delete(web_case_id: str, call: Writes, expected: Versions) -> None:
    """Delete a draft permanently. A draft that was submitted before cannot be deleted."""
    await delete_case(call.context.cases, call.dealer.dealer, web_case_id, expected)


@router.post(
    "/{web_case_id}/copy",
    operation_id="copy_case",
    summary="Copy a case to a new draft",
    status_code=201,
    responses=problems(
        "not-found", "idempotency-key-in-use", "draft-deleted", "invalid-request", "idempotency-key-reused"
    ),
    openapi_extra={"parameters": [KEY]},
)
async def copy(web_case_id: str, request: Request, response: Response, call: Writes) -> CaseDocument:
    """Create a new draft with the same content."""
    key = await idempotency_key(request, call.principal)
    saved = await copy_case(call.context.cases, call.dealer, web_case_id, call.principal.actor, key)
    return _created(response, saved)


@router.get(
    "/{web_case_id}/timeline",
    operation_id="get_timeline",
    summary="Get a case's timeline",
    response_model=Timeline,
    responses={**NOT_MODIFIED, **problems("not-found", "invalid-request")},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def timeline(web_case_id: str, request: Request, response: Response, call: Reads) -> Timeline | Response:
    """Return who did what and when, what D365 answered, and how long each stage took."""
    entries = await get_timeline(call.context.cases, call.dealer.dealer, web_case_id)
    return unless_known(request, response, timeline_document(entries))


def _created(response: Response, saved: Saved) -> CaseDocument:
    case = saved.case
    location = f"/v1/dealers/{case.dealer}/cases/{case.web_case_id}"
    response.headers.update({"Location": location, "ETag": etag(case), **replay_header(replayed=saved.replayed)})
    return case_document(case)
