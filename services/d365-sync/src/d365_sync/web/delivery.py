"""Routes of delivery as a whole: its state, and pause, resume, adopt, restored, read-again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.web.problems import Problem
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.domain.delivery_action import DeliveryAction
from d365_sync.domain.document import State
from d365_sync.web.context import Context, context_of
from d365_sync.web.models import DeliveryDocument
from d365_sync.web.openapi import problems
from d365_sync.web.requests import NO_REASON, NoQuery, OptionalReasonInput, ReasonInput, no_query_on_orders

router = APIRouter(
    prefix="/v1/delivery", tags=["delivery"], dependencies=[Depends(no_query_on_orders)], route_class=TokenFirst
)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]
Writer = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_WRITE))]
_STEERED = problems("invalid-request")


@router.get(
    "",
    operation_id="get_delivery",
    summary="Get the state of delivery",
    response_model=DeliveryDocument,
    responses=problems("invalid-request"),
)
async def delivery(request: Request, _reader: Reader, _query: Annotated[NoQuery, Query()]) -> Json:
    """Return the circuit breaker, pause, maintenance windows, concurrency, documents in flight, and the backlog and its
    age.
    """
    return await delivery_of(context_of(request))


@router.post(
    "/pause",
    operation_id="pause_delivery",
    summary="Pause delivery",
    response_model=DeliveryDocument,
    responses=_STEERED,
)
async def pause(request: Request, writer: Writer, body: OptionalReasonInput = NO_REASON) -> Json:
    """Nothing more is sent to D365. What is in flight finishes, and new submissions still come in."""
    return await _steer(request, DeliveryAction.PAUSE, writer, body)


@router.post(
    "/resume",
    operation_id="resume_delivery",
    summary="Resume delivery",
    response_model=DeliveryDocument,
    responses=_STEERED,
)
async def resume(request: Request, writer: Writer, body: OptionalReasonInput = NO_REASON) -> Json:
    """End a pause."""
    return await _steer(request, DeliveryAction.RESUME, writer, body)


@router.post(
    "/adopt",
    operation_id="adopt_environment",
    summary="Adopt the D365 environment in D365_URL",
    response_model=DeliveryDocument,
    responses=_STEERED,
)
async def adopt(request: Request, writer: Writer, body: ReasonInput) -> Json:
    """Let the database belong to this environment. Until then, nothing is sent to a new environment.

    Every open document is then looked up in D365 before it is sent.
    """
    return await _steer(request, DeliveryAction.ADOPT_ENVIRONMENT, writer, body, context_of(request).d365_url)


@router.post(
    "/restored",
    operation_id="tell_restored",
    summary="Report a restored database or new Kafka topics",
    response_model=DeliveryDocument,
    responses=_STEERED,
)
async def restored(request: Request, writer: Writer, body: ReasonInput) -> Json:
    """Report that the database was restored from a backup, or that Kafka's topics were created again.

    Every open document is looked up in D365 before it is sent. The states of the last seven days are published again,
    and older ones that case-api does not have.
    """
    await context_of(request).actions.publish_lately()
    return await _steer(request, DeliveryAction.RESTORE, writer, body)


@router.post(
    "/read-again",
    operation_id="read_all_again",
    summary="Read every case of D365 again",
    response_model=DeliveryDocument,
    responses=_STEERED,
)
async def read_again(request: Request, writer: Writer, body: ReasonInput) -> Json:
    """Let the next poll of D365 start from the beginning, because D365 hid cases from Casebridge.

    It shows dealers what it finds, including cases created in D365 that no poll has seen. With many cases it takes a
    while.
    """
    return await _steer(request, DeliveryAction.READ_ALL_AGAIN, writer, body)


@router.post(
    "/consumers/{group}/let-through",
    operation_id="let_consumer_through",
    summary="Resume a paused consumer",
    response_model=DeliveryDocument,
    responses={**_STEERED, **problems("not-found", "invalid-request")},
)
async def let_through(request: Request, writer: Writer, group: str, body: ReasonInput) -> Json:
    """Resume a consumer that is paused because of a flood of unreadable records.

    It resumes within 30 seconds. For ten minutes, it sets aside any number of unreadable records.
    """
    paused = await context_of(request).queries.paused_consumers()
    if group not in {consumer["consumer_group"] for consumer in paused}:
        raise Problem(404, "not-found", "Not found", f"Consumer {group} is not paused.")
    return await _steer(request, DeliveryAction.LET_CONSUMER_THROUGH, writer, body, group)


async def _steer(
    request: Request, action: DeliveryAction, writer: Principal, body: ReasonInput | OptionalReasonInput, *more: str
) -> Json:
    context = context_of(request)
    await context.actions.steer(action, writer.actor, body.reason, *more)
    context.wake_ups.taken_in()
    return await delivery_of(context)


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
