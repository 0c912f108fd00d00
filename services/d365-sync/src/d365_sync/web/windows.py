"""Routes of maintenance windows: planned pauses of delivery that end by themselves."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.web.problems import FieldError, Problem, invalid
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.web.context import context_of
from d365_sync.web.openapi import problems
from d365_sync.web.requests import Body, ReasonInput, Time, no_query_on_orders
from d365_sync.web.window_models import WindowsDocument

router = APIRouter(
    prefix="/v1/delivery/windows", tags=["delivery"], dependencies=[Depends(no_query_on_orders)], route_class=TokenFirst
)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]
Writer = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_WRITE))]
# Anything longer or later than this is a mistake.
_LONGEST = timedelta(days=14)
_FARTHEST = timedelta(days=366)


class WindowInput(ReasonInput):
    """The beginning, the end and the reason. Without `begins_at`, the window begins now."""

    begins_at: Time | None = None
    ends_at: Time


class WindowsQuery(Body):
    """`past` includes windows that are over."""

    past: bool = False


@router.get(
    "",
    operation_id="list_delivery_windows",
    summary="List maintenance windows",
    response_model=WindowsDocument,
    responses=problems("invalid-request"),
)
async def windows(request: Request, _reader: Reader, query: Annotated[WindowsQuery, Query()]) -> Json:
    """Return active and planned windows, soonest first, at most 100."""
    return await _listed(request, past=query.past)


@router.post(
    "",
    operation_id="plan_delivery_window",
    summary="Plan a maintenance window",
    status_code=201,
    response_model=WindowsDocument,
    responses=problems("invalid-request"),
)
async def plan(request: Request, writer: Writer, body: WindowInput) -> Json:
    """Nothing is sent to D365 during a maintenance window. What is in flight at its beginning finishes."""
    _check(body, datetime.now(UTC))
    await context_of(request).windows.add(body.begins_at, body.ends_at, writer.actor, body.reason)
    return await _listed(request)


@router.delete(
    "/{window}",
    operation_id="end_delivery_window",
    summary="End or cancel a maintenance window",
    response_model=WindowsDocument,
    responses=problems("not-found", "invalid-request"),
)
async def end(request: Request, writer: Writer, window: str, query: Annotated[ReasonInput, Query()]) -> Json:
    """Delivery resumes at once, unless it is paused or another window is active."""
    context = context_of(request)
    if not await context.windows.end(_window_id(window), writer.actor, query.reason):
        raise _no_window(window)
    context.wake_ups.taken_in()
    return await _listed(request)


async def _listed(request: Request, *, past: bool = False) -> Json:
    found = await context_of(request).windows.list(past=past)
    return {"items": found, "next": None, "has_more": False}


def _check(body: WindowInput, now: datetime) -> None:
    begins_at = body.begins_at or now
    wrong = []
    if begins_at > now + _FARTHEST:
        wrong.append(FieldError(pointer="/begins_at", detail="The window must begin within a year."))
    if body.ends_at <= max(begins_at, now):
        wrong.append(FieldError(pointer="/ends_at", detail="The window must end in the future, and after it begins."))
    elif body.ends_at - begins_at > _LONGEST:
        detail = f"The window may last at most {_LONGEST.days} days. For longer breaks, pause delivery."
        wrong.append(FieldError(pointer="/ends_at", detail=detail))
    if wrong:
        raise invalid(wrong)


def _window_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _no_window(text) from None


def _no_window(text: str) -> Problem:
    detail = f"No active or planned maintenance window has the ID {text}."
    return Problem(404, "not-found", "Not found", detail)
