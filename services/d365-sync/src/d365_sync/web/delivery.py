"""Routes of delivery as a whole: its state, and pause, resume, adopt, restored."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.web.problems import Problem
from case_shared.words.scopes import Scope
from d365_sync.domain.delivery_action import DeliveryAction
from d365_sync.domain.document import State
from d365_sync.web.answers import Json, answer
from d365_sync.web.context import Context, context_of
from d365_sync.web.models import DeliveryDocument
from d365_sync.web.openapi import problems
from d365_sync.web.requests import NO_REASON, NoQuery, OptionalReasonInput, ReasonInput, no_query_on_orders

router = APIRouter(
    prefix="/v1/delivery", tags=["delivery"], dependencies=[Depends(no_query_on_orders)], route_class=TokenFirst
)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]
Writer = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_WRITE))]
_STEERED: dict[int | str, Any] = {200: {"model": DeliveryDocument}, **problems("invalid-request")}


@router.get(
    "",
    operation_id="get_delivery",
    summary="How delivery goes",
    responses={200: {"model": DeliveryDocument}, **problems("invalid-request")},
)
async def delivery(request: Request, _reader: Reader, _query: Annotated[NoQuery, Query()]) -> Response:
    """Breaker, pause, maintenance windows, concurrency, what is in flight, backlog and its oldest."""
    return answer(await delivery_of(context_of(request)))


@router.post("/pause", operation_id="pause_delivery", summary="Stop sending to D365", responses=_STEERED)
async def pause(request: Request, writer: Writer, body: OptionalReasonInput = NO_REASON) -> Response:
    """What is under way is finished; submissions are taken in as before."""
    return await _steer(request, DeliveryAction.PAUSE, writer, body)


@router.post("/resume", operation_id="resume_delivery", summary="Go on sending to D365", responses=_STEERED)
async def resume(request: Request, writer: Writer, body: OptionalReasonInput = NO_REASON) -> Response:
    """Undo a pause."""
    return await _steer(request, DeliveryAction.RESUME, writer, body)


@router.post(
    "/adopt",
    operation_id="adopt_environment",
    summary="Let the database belong to the D365 environment that is set now",
    responses=_STEERED,
)
async def adopt(request: Request, writer: Writer, body: ReasonInput) -> Response:
    """Until then nothing is sent to another environment than before; then every open document is looked up first."""
    return await _steer(request, DeliveryAction.ADOPT_ENVIRONMENT, writer, body, context_of(request).d365_url)


@router.post(
    "/restored",
    operation_id="tell_restored",
    summary="Tell that the database was restored from a backup, or Kafka's topics were made anew",
    responses=_STEERED,
)
async def restored(request: Request, writer: Writer, body: ReasonInput) -> Response:
    """Every open document is looked up in D365 before it is sent, and every document's state is published again."""
    await context_of(request).actions.publish_everything_again()
    return await _steer(request, DeliveryAction.RESTORE, writer, body)


@router.post(
    "/consumers/{group}/let-through",
    operation_id="let_consumer_through",
    summary="Let a consumer go on that a flood of unreadable records stops",
    responses={**_STEERED, **problems("not-found", "invalid-request")},
)
async def let_through(request: Request, writer: Writer, group: str, body: ReasonInput) -> Response:
    """For ten minutes its unreadable records are kept apart, however many; it tries again within 30 seconds."""
    paused = await context_of(request).queries.paused_consumers()
    if group not in {consumer["consumer_group"] for consumer in paused}:
        raise Problem(404, "not-found", "Not found", f"There is no paused consumer {group}.")
    return await _steer(request, DeliveryAction.LET_CONSUMER_THROUGH, writer, body, group)


async def _steer(
    request: Request, action: DeliveryAction, writer: Principal, body: ReasonInput | OptionalReasonInput, *more: str
) -> Response:
    context = context_of(request)
    await context.actions.steer(action, writer.actor, body.reason, *more)
    context.wake_ups.taken_in()
    return answer(await delivery_of(context))


async def delivery_of(context: Context) -> Json:
    """The state of delivery, as JSON."""
    stored, states = await context.control.read(), await context.control.backlog()
    paused_consumers = await context.queries.paused_consumers()
    waiting = [one for one in states if one.state is not State.FAILED]
    return {
        "breaker": {"state": stored.breaker, "since": stored.breaker_since, "reason": stored.breaker_reason},
        "paused": stored.paused,
        "paused_by": stored.paused_by,
        "paused_by_subject": stored.paused_by_subject,
        "paused_by_issuer": stored.paused_by_issuer,
        "paused_reason": stored.paused_reason,
        "paused_at": stored.paused_at,
        "windows": await context.windows.list(),
        "concurrency": stored.concurrency,
        "in_flight": sum(one.leased for one in waiting),
        "backlog": sum(one.documents for one in waiting),
        "oldest_age_seconds": max((one.oldest_seconds for one in waiting), default=0.0),
        "failed": sum(one.documents for one in states if one.state is State.FAILED),
        "environment": {"d365_url": stored.d365_url, "refused_url": stored.refused_url},
        "restored_at": stored.restored_at,
        "paused_consumers": paused_consumers,
    }
