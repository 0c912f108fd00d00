"""The registry of dealers, with how many of their documents are on their way or failed."""

from fastapi import APIRouter, Request, Response

from portal_web.web.console.access import Operator, given
from portal_web.web.console.documents import address
from portal_web.web.console.pages import show

router = APIRouter(prefix="/console/dealers")


@router.get("")
async def dealers(request: Request, console: Operator) -> Response:
    """The list, filtered by the address."""
    filters = given(request, ("q", "failed"))
    page = await console.api.dealers(**filters, limit=50, cursor=request.query_params.get("cursor"))
    following = address("/console/dealers", {**filters, "cursor": page.next}) if page.next else None
    return await show(request, console, "dealers", page=page, filters=filters, following=following)
