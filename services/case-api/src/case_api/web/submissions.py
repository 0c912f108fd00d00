"""Routes of the submission, the irreversible act."""

from typing import Annotated, Any
from uuid import uuid4

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from prometheus_client import Counter

from case_api.app.get_submission import await_outcome, get_submission
from case_api.app.stores import SubmitRequest
from case_api.web.access import Call, CallFor
from case_api.web.conditions import answer_unless_known, idempotency_key, versions, wait_seconds
from case_api.web.documents import answer, replay_header, submission_document
from case_api.web.openapi import IF_MATCH, IF_NONE_MATCH, KEY, NOT_MODIFIED, PREFER, problems
from case_api.web.routing import CallRoute
from case_api.web.schemas import SubmissionDocument, ValidationDocument
from case_shared.telemetry import current_traceparent

log = structlog.get_logger(__name__)
router = APIRouter(
    prefix="/v1/dealers/{dealer}/cases/{web_case_id}/submission", tags=["submission"], route_class=CallRoute
)
Reads = Annotated[Call, Depends(CallFor("cases:read"))]
Submits = Annotated[Call, Depends(CallFor("cases:submit", frozenset({"validate_only"})))]
_submitted = Counter("casebridge_submissions_total", "Submissions answered with 202, repeated ones included")


@router.post(
    "",
    operation_id="submit_case",
    summary="Submit a case, irreversibly",
    status_code=202,
    responses={
        200: {"model": ValidationDocument, "description": "`validate_only`: nothing stands in the way"},
        202: {"model": SubmissionDocument},
        **problems(
            "not-found",
            "request-timeout",
            "case-submitted",
            "idempotency-key-in-use",
            "version-changed",
            "invalid-request",
            "idempotency-key-reused",
            "case-incomplete",
            "version-required",
            "lists-unknown",
        ),
    },
    openapi_extra={"parameters": [IF_MATCH, PREFER, KEY]},
)
async def submit(
    web_case_id: str,
    request: Request,
    call: Submits,
    validate_only: Annotated[bool, Query(description="check, but do not submit")] = False,
) -> Response:
    """Submit a draft. Repeated with the version that was submitted, it answers the same and does nothing twice."""
    key = await idempotency_key(request, call.principal)
    submitted = await call.context.submitter.submit(
        SubmitRequest(
            dealer=call.dealer.dealer,
            web_case_id=web_case_id,
            versions=versions(request),
            submission_id=uuid4(),
            submitted_by=call.principal.username,
            traceparent=current_traceparent(),
            validate_only=validate_only,
            key=None if validate_only else key,
        )
    )
    if submitted is None:
        return answer({"valid": True})
    submission = submitted.submission
    _submitted.inc()
    log.info("case_submitted", web_case_id=web_case_id, submission_no=submission.submission_no)
    headers = {"Location": request.url.path, **replay_header(submitted.replayed)}
    if seconds := wait_seconds(request):
        submission = await await_outcome(**_watched(call, web_case_id), seconds=seconds)
        headers["Preference-Applied"] = f"wait={seconds}"
    return answer(submission_document(submission), 202, **headers)


@router.get(
    "",
    operation_id="get_submission",
    summary="Tell how far the submission has come",
    responses={
        200: {"model": SubmissionDocument},
        **NOT_MODIFIED,
        **problems("not-found", "case-not-submitted", "invalid-request"),
    },
    openapi_extra={"parameters": [PREFER, IF_NONE_MATCH]},
)
async def get(web_case_id: str, request: Request, call: Reads) -> Response:
    """The case's current submission; with `Prefer: wait` once its outcome is known."""
    if seconds := wait_seconds(request):
        submission = await await_outcome(**_watched(call, web_case_id), seconds=seconds)
        applied = {"Preference-Applied": f"wait={seconds}"}
        return answer_unless_known(request, submission_document(submission), **applied)
    submission = await get_submission(call.context.cases, call.dealer.dealer, web_case_id)
    return answer_unless_known(request, submission_document(submission))


def _watched(call: Call, web_case_id: str) -> dict[str, Any]:
    context = call.context
    return {
        "store": context.cases,
        "dealer": call.dealer.dealer,
        "web_case_id": web_case_id,
        "clock": context.clock,
        "stopping": context.stopping,
    }
