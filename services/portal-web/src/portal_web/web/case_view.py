"""Routes of a case, read-only: its content, its status, and what happened to it."""

import uuid
from datetime import datetime

from fastapi import APIRouter, Request, Response

from portal_web.domain.case_api import CaseDocument, CaseStatus, TimelineEntry
from portal_web.domain.content import Content
from portal_web.web.current_user import ForDealer
from portal_web.web.labels import EVENTS, FIELDS, OUTCOMES
from portal_web.web.rendering import render

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
        since=_since(found.case, timeline),
        events=EVENTS,
        outcomes=OUTCOMES,
        fields=FIELDS,
        key=uuid.uuid4().hex,
    )


def _since(case: CaseDocument, timeline: list[TimelineEntry]) -> datetime:
    """When the case got its current status; reads of D365 (`status_as_of`) only confirm it."""
    if case.status == CaseStatus.DRAFT:
        changes = [one.at for one in timeline if one.event == "returned"]
        return changes[-1] if changes else case.created_at
    changes = [one.at for one in timeline if one.event in {"status", "reopened"} and one.detail == case.status]
    return changes[-1] if changes else case.submitted_at or case.created_at
