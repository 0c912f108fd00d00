"""Routes of what a dealer chooses from: dealers, categories and priorities."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from case_api.web.access import Call, CallFor, refuse_unknown_parameters
from case_api.web.conditions import answer_unless_known
from case_api.web.context import context_of
from case_api.web.openapi import IF_NONE_MATCH, NOT_MODIFIED, problems
from case_api.web.routing import CallRoute
from case_api.web.schemas import CategoryList, DealerList, PriorityList
from case_shared.auth import Authenticated, Principal

router = APIRouter(prefix="/v1/dealers", tags=["lists"], route_class=CallRoute)
Reads = Annotated[Call, Depends(CallFor("cases:read"))]
Reader = Annotated[Principal, Depends(Authenticated("cases:read"))]


@router.get(
    "",
    operation_id="list_dealers",
    summary="List the caller's dealers",
    responses={200: {"model": DealerList}, **NOT_MODIFIED, **problems("invalid-request")},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def dealers(request: Request, principal: Reader) -> Response:
    """The dealers of the token that are registered."""
    refuse_unknown_parameters(request, frozenset())
    context_of(request).rate_limits.count_client(principal)
    directory = context_of(request).dealers
    found = [await directory.find(slug) for slug in sorted(principal.dealers)]
    return answer_unless_known(request, {"items": [dealer for dealer in found if dealer is not None]})


@router.get(
    "/{dealer}/categories",
    operation_id="list_categories",
    summary="List categories",
    responses={200: {"model": CategoryList}, **NOT_MODIFIED, **problems("not-found", "invalid-request")},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def categories(request: Request, call: Reads) -> Response:
    """The categories of the dealer's legal entity that cases may have."""
    found = await call.context.lists.categories(call.dealer.data_area_id, call.context.category_types)
    return answer_unless_known(request, {"items": [category._asdict() for category in found]})


@router.get(
    "/{dealer}/priorities",
    operation_id="list_priorities",
    summary="List priorities",
    responses={200: {"model": PriorityList}, **NOT_MODIFIED, **problems("not-found", "invalid-request")},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def priorities(request: Request, call: Reads) -> Response:
    """The priorities of the dealer's legal entity."""
    found = await call.context.lists.priorities(call.dealer.data_area_id)
    return answer_unless_known(request, {"items": [priority._asdict() for priority in found]})
