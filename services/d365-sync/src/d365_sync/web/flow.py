"""The route of the pipeline at a glance."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.domain.flow import Concern, Minute, Stage, Verdict
from d365_sync.web.context import context_of
from d365_sync.web.delivery import delivery_of
from d365_sync.web.models import DeliveryDocument
from d365_sync.web.openapi import problems
from d365_sync.web.requests import NoQuery

router = APIRouter(prefix="/v1", tags=["delivery"], route_class=TokenFirst)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]


class FlowDocument(BaseModel):
    """The whole flow at a glance. `delivery` is what GET /v1/delivery returns."""

    model_config = ConfigDict(frozen=True)

    as_of: datetime
    verdict: Verdict
    concerns: list[Concern]
    stages: list[Stage]
    delivery: DeliveryDocument
    history: list[Minute]


@router.get(
    "/flow",
    operation_id="get_flow",
    summary="Get the flow at a glance",
    response_model=FlowDocument,
    responses=problems("invalid-request"),
)
async def flow(request: Request, _reader: Reader, _query: Annotated[NoQuery, Query()]) -> Json:
    """Return the stages (unsent, in Kafka, in the queue, at D365, status) with counts, ages, rates and failures.

    `verdict` and `concerns` say whether everything is well. Each concern has a kind, a count, since when (null if
    unknown) and where: a stage, step, topic, consumer group or legal entity. `history` is the last hour, by the minute.
    The data is at most a few seconds old. The ledger, which takes longer, is GET /v1/ledger.
    """
    context = context_of(request)
    found = await context.show_flow()
    parts = {name: [asdict(one) for one in getattr(found, name)] for name in ("concerns", "stages", "history")}
    return {"as_of": found.now.as_of, "verdict": found.verdict, "delivery": await delivery_of(context), **parts}
