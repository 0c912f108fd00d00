"""The route of the D365 check: what d365-sync, or `casebridge d365 check --write`, found last."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from case_shared.d365.check.report import State, StepId
from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.web.context import context_of
from d365_sync.web.openapi import problems
from d365_sync.web.requests import NoQuery

router = APIRouter(prefix="/v1/d365", tags=["delivery"], route_class=TokenFirst)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class FindingDocument(_Document):
    """One result of a step, for programs and translations."""

    code: str = Field(examples=["wrong_secret"])
    values: dict[str, str]


class StepDocument(_Document):
    """The last result of one step."""

    id: StepId
    state: State
    message: str
    remedy: str | None = Field(
        description="What to do: the setting to change, or the D365 form to open. null if there is nothing to do."
    )
    since: datetime = Field(description="When the step reached this state.")
    checked_at: datetime
    findings: list[FindingDocument]


class ProofDocument(_Document):
    """The proof that D365 rejects a second case with the same Web Case ID."""

    case_id: str
    at: datetime


class CheckDocument(_Document):
    """The last check of D365. `ok` means that no step failed. It is null if D365 was never checked."""

    environment: str
    ok: bool | None
    checked_at: datetime | None
    uniqueness_proof: ProofDocument | None
    steps: list[StepDocument]


@router.get(
    "/check",
    operation_id="get_d365_check",
    summary="Get the last check of D365",
    response_model=CheckDocument,
    responses=problems("invalid-request"),
)
async def check(request: Request, _reader: Reader, _query: Annotated[NoQuery, Query()]) -> Json:
    """Return whether D365 allows what Casebridge needs.

    d365-sync checks this when it starts, daily, and every five minutes while a step fails. It only reads. The steps
    `write` and `events` come from the last `casebridge d365 check --write`, if there was one.
    """
    checks = context_of(request).checks
    steps, proof = await checks.steps(), await checks.proof()
    return {
        "environment": checks.environment,
        "ok": all(step["state"] != State.FAILED for step in steps) if steps else None,
        "checked_at": max((step["checked_at"] for step in steps), default=None),
        "uniqueness_proof": {"case_id": proof.case_id, "at": proof.at} if proof else None,
        "steps": steps,
    }
