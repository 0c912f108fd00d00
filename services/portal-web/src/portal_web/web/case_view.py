"""Routes of a case as it is: everything read-only, where it stands, and what happened to it."""

import uuid

from fastapi import APIRouter, Request, Response

from portal_web.domain.content import Content
from portal_web.web.labels import EVENTS, FIELDS, OUTCOMES
from portal_web.web.rendering import render
from portal_web.web.visit import ForDealer

router = APIRouter(prefix="/dealers/{dealer}/cases")


@router.get("/{web_case_id}")
async def show(request: Request, web_case_id: str, at: ForDealer) -> Response:
    """A case and its timeline."""
    found = await at.api.case(web_case_id)
    timeline = await at.api.timeline(web_case_id)
    return await render(
        request,
        "cases/view.html",
        case=found.case,
        content=Content.of_case(found.case),
        timeline=timeline,
        events=EVENTS,
        outcomes=OUTCOMES,
        fields=FIELDS,
        key=uuid.uuid4().hex,
    )
