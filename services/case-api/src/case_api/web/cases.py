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
from case_api.web.conditions import JSON, MERGE_PATCH, answer_unless_known, idempotency_key, read_body, versions
from case_api.web.documents import answer, case_document, etag, replay_header, timeline_document
from case_api.web.openapi import IF_MATCH, IF_NONE_MATCH, KEY, NOT_MODIFIED, body, problems
from case_api.web.routing import CallRoute
from case_api.web.schemas import CaseDocument, CaseInput, Timeline

router = APIRouter(prefix="/v1/dealers/{dealer}/cases", tags=["cases"], route_class=CallRoute)
Reads = Annotated[Call, Depends(CallFor("cases:read"))]
Writes = Annotated[Call, Depends(CallFor("cases:write"))]


@router.post(
    "",
    operation_id="create_case",
    summary="Save a new draft",
    status_code=201,
    responses={
        201: {"model": CaseDocument},
        **problems(
            "not-found",
            "request-timeout",
            "idempotency-key-in-use",
            "unsupported-media-type",
            "invalid-request",
            "idempotency-key-reused",
        ),
    },
    openapi_extra={**body(CaseInput, JSON), "parameters": [KEY]},
)
async def create(request: Request, call: Writes) -> Response:
    """Save a draft; it may be incomplete. The answer has its Web Case ID."""
    draft = await read_body(request, CaseInput, JSON)
    key = await idempotency_key(request, call.principal)
    return _created(await create_case(call.context.cases, call.dealer, draft.content(), call.principal.username, key))


@router.get(
    "/{web_case_id}",
    operation_id="get_case",
    summary="Get a case",
    responses={200: {"model": CaseDocument}, **problems("not-found", "invalid-request")},
)
async def get(web_case_id: str, call: Reads) -> Response:
    """One case, with its ETag."""
    case = await get_case(call.context.cases, call.dealer.dealer, web_case_id)
    return answer(case_document(case), ETag=etag(case))


@router.patch(
    "/{web_case_id}",
    operation_id="edit_case",
    summary="Change a draft",
    responses={
        200: {"model": CaseDocument},
        **problems(
            "not-found",
            "request-timeout",
            "case-submitted",
            "version-changed",
            "unsupported-media-type",
            "invalid-request",
            "version-required",
        ),
    },
    openapi_extra={**body(CaseInput, MERGE_PATCH, JSON), "parameters": [IF_MATCH]},
)
async def edit(web_case_id: str, request: Request, call: Writes) -> Response:
    """Change a draft by a merge patch: null empties a field, what is left out stays."""
    expected = versions(request)
    patch = await read_body(request, CaseInput, MERGE_PATCH, JSON)
    case = await edit_case(call.context.cases, call.dealer.dealer, web_case_id, expected, patch.changes())
    return answer(case_document(case), ETag=etag(case))


@router.delete(
    "/{web_case_id}",
    operation_id="delete_case",
    summary="Delete a draft",
    status_code=204,
    responses=problems("not-found", "case-submitted", "version-changed", "invalid-request", "version-required"),
    openapi_extra={"parameters": [IF_MATCH]},
)
async def delete(web_case_id: str, request: Request, call: Writes) -> Response:
    """Delete a draft for good; one that was ever submitted stays."""
    await delete_case(call.context.cases, call.dealer.dealer, web_case_id, versions(request))
    return Response(status_code=204)


@router.post(
    "/{web_case_id}/copy",
    operation_id="copy_case",
    summary="Copy a case to a new draft",
    status_code=201,
    responses={
        201: {"model": CaseDocument},
        **problems(
            "not-found", "request-timeout", "idempotency-key-in-use", "invalid-request", "idempotency-key-reused"
        ),
    },
    openapi_extra={"parameters": [KEY]},
)
async def copy(web_case_id: str, request: Request, call: Writes) -> Response:
    """A new draft with the same content."""
    key = await idempotency_key(request, call.principal)
    return _created(await copy_case(call.context.cases, call.dealer, web_case_id, call.principal.username, key))


@router.get(
    "/{web_case_id}/timeline",
    operation_id="get_timeline",
    summary="Explain a case",
    responses={200: {"model": Timeline}, **NOT_MODIFIED, **problems("not-found", "invalid-request")},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def timeline(web_case_id: str, request: Request, call: Reads) -> Response:
    """Who did what, when, what D365 answered, and how long each stage took."""
    entries = await get_timeline(call.context.cases, call.dealer.dealer, web_case_id)
    return answer_unless_known(request, timeline_document(entries))


def _created(saved: Saved) -> Response:
    case = saved.case
    location = f"/v1/dealers/{case.dealer}/cases/{case.web_case_id}"
    return answer(case_document(case), 201, Location=location, ETag=etag(case), **replay_header(saved.replayed))
