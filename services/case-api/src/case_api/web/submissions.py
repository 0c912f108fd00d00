"""Routes of the submission, the irreversible act."""

from typing import Annotated
from uuid import uuid4

import structlog
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import Counter

from case_api.app.get_submission import await_outcome, get_submission
from case_api.app.stores import SubmitRequest
from case_api.web.access import Call, CallFor
from case_api.web.conditions import Versions, idempotency_key, unless_known, wait_seconds
from case_api.web.documents import replay_header, submission_document
from case_api.web.openapi import IF_MATCH, IF_NONE_MATCH, KEY, NOT_MODIFIED, PREFER, problems
from case_api.web.routing import TimedRoute
from case_api.web.schemas import SubmissionDocument, ValidationDocument
from case_shared.process.telemetry import current_traceparent
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope

log = structlog.get_logger(__name__)
router = APIRouter(
    prefix="/v1/dealers/{dealer}/cases/{web_case_id}/submission", tags=["submission"], route_class=TimedRoute
)
Reads = Annotated[Call, Depends(CallFor(Scope.CASES_READ))]
Submits = Annotated[Call, Depends(CallFor(Scope.CASES_SUBMIT, frozenset({"validate_only"})))]
_submitted = Counter("casebridge_submissions_total", "Submissions answered with 202, including repetitions")


@router.post(
    "",
    operation_id="submit_case",
    summary="Submit a case",
    status_code=202,
    response_model=SubmissionDocument,
    responses={
        200: {"model": ValidationDocument, "description": "With `validate_only`: the case can be submitted."},
        **problems(
            "not-found",
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
    response: Response,
    call: Submits,
    expected: Versions,
    validate_only: Annotated[bool, Query(description="Check the case, but do not submit it.")] = False,
) -> SubmissionDocument | JSONResponse:
    """Submit a draft.

    This cannot be undone. Repeating the request with the submitted version returns the same answer and has no further
    effect.
    """
    key = await idempotency_key(request, call.principal)
    submitted = await call.context.submitter.submit(
        SubmitRequest(
            dealer=call.dealer.dealer,
            web_case_id=web_case_id,
            versions=expected,
            submission_id=uuid4(),
            submitted_by=call.principal.actor,
            traceparent=current_traceparent(),
            validate_only=validate_only,
            key=None if validate_only else key,
        )
    )
    if submitted is None:
        return JSONResponse(ValidationDocument(valid=True).model_dump())
    submission = submitted.submission
    _submitted.inc()
    log.info("case_submitted", web_case_id=web_case_id, submission_no=submission.submission_no)
    location = str(request.scope["path"])
    response.headers.update({"Location": location, **replay_header(replayed=submitted.replayed)})
    if seconds := wait_seconds(request):
        submission = await await_outcome(**_watched(call, web_case_id), seconds=seconds)
        response.headers["Preference-Applied"] = f"wait={seconds}"
    return submission_document(submission)


@router.get(
    "",
    operation_id="get_submission",
    summary="Get the submission's progress",
    response_model=SubmissionDocument,
    responses={**NOT_MODIFIED, **problems("not-found", "case-not-submitted", "invalid-request")},
    openapi_extra={"parameters": [PREFER, IF_NONE_MATCH]},
)
async def get(web_case_id: str, request: Request, response: Response, call: Reads) -> SubmissionDocument | Response:
    """Return the case's current submission. With `Prefer: wait`, the answer waits until the outcome is known."""
    if seconds := wait_seconds(request):
        submission = await await_outcome(**_watched(call, web_case_id), seconds=seconds)
        response.headers["Preference-Applied"] = f"wait={seconds}"
    else:
        submission = await get_submission(call.context.cases, call.dealer.dealer, web_case_id)
    return unless_known(request, response, submission_document(submission))


def _watched(call: Call, web_case_id: str) -> Json:
    context = call.context
    return {
        "store": context.cases,
        "dealer": call.dealer.dealer,
        "web_case_id": web_case_id,
        "clock": context.clock,
        "stopping": context.stopping,
    }
