"""Routes of what a dealer chooses from: dealers, categories and priorities."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from case_api.domain.submission import POINTERS
from case_api.web.access import Call, CallFor, refuse_unknown_parameters
from case_api.web.conditions import unless_known
from case_api.web.context import context_of
from case_api.web.openapi import IF_NONE_MATCH, NOT_MODIFIED, problems
from case_api.web.routing import TimedRoute
from case_api.web.schemas import (
    CategoryDocument,
    CategoryList,
    DealerDocument,
    DealerList,
    LengthDocument,
    LengthList,
    PriorityDocument,
    PriorityList,
)
from case_shared.web.auth import Authenticated, Principal
from case_shared.words.scopes import Scope

router = APIRouter(prefix="/v1/dealers", tags=["lists"], route_class=TimedRoute)
Reads = Annotated[Call, Depends(CallFor(Scope.CASES_READ))]
Reader = Annotated[Principal, Depends(Authenticated(Scope.CASES_READ))]


@router.get(
    "",
    operation_id="list_dealers",
    summary="List the caller's dealers",
    response_model=DealerList,
    responses={**NOT_MODIFIED, **problems("invalid-request")},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def dealers(request: Request, response: Response, principal: Reader) -> DealerList | Response:
    """Return the dealers in the token that Casebridge knows."""
    refuse_unknown_parameters(request, frozenset())
    directory = context_of(request).dealers
    found = [await directory.find(slug) for slug in sorted(principal.dealers)]
    items = [DealerDocument.model_validate(dealer, from_attributes=True) for dealer in found if dealer is not None]
    return unless_known(request, response, DealerList(items=items))


@router.get(
    "/{dealer}/categories",
    operation_id="list_categories",
    summary="List categories",
    response_model=CategoryList,
    responses={**NOT_MODIFIED, **problems("not-found", "invalid-request")},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def categories(request: Request, response: Response, call: Reads) -> CategoryList | Response:
    """Return the categories that cases of the dealer's legal entity can have."""
    found = await call.context.lists.categories(call.dealer.data_area_id, call.context.category_types)
    items = [CategoryDocument(**category._asdict()) for category in found]
    return unless_known(request, response, CategoryList(items=items))


@router.get(
    "/{dealer}/priorities",
    operation_id="list_priorities",
    summary="List priorities",
    response_model=PriorityList,
    responses={**NOT_MODIFIED, **problems("not-found", "invalid-request")},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def priorities(request: Request, response: Response, call: Reads) -> PriorityList | Response:
    """Return the priorities of the dealer's legal entity."""
    found = await call.context.lists.priorities(call.dealer.data_area_id)
    items = [PriorityDocument(**priority._asdict()) for priority in found]
    return unless_known(request, response, PriorityList(items=items))


@router.get(
    "/{dealer}/lengths",
    operation_id="list_lengths",
    summary="List maximum text lengths",
    response_model=LengthList,
    responses={**NOT_MODIFIED, **problems("not-found", "invalid-request")},
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
async def lengths(request: Request, response: Response, call: Reads) -> LengthList | Response:
    """Return the texts for which D365 has a lower limit than drafts have. A longer text cannot be submitted (422)."""
    found = await call.context.lists.lengths()
    items = [LengthDocument(pointer=POINTERS[name], characters=found[name]) for name in POINTERS if name in found]
    return unless_known(request, response, LengthList(items=items))
