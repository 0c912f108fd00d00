"""Delivery as a whole: pause, resume, maintenance windows, paused consumers, and the environment."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from portal_web.clients.rest import Problem
from portal_web.domain.console import window_under_way
from portal_web.web.console.access import Console, Operator
from portal_web.web.console.pages import go, show
from portal_web.web.current_user import Posted
from portal_web.web.preferences import words_of
from portal_web.web.signing import kept_form

router = APIRouter(prefix="/console/delivery")
_STEERS = {"pause", "resume", "adopt"}


@router.get("")
async def delivery(request: Request, console: Operator) -> Response:
    """The state of delivery, and the actions on it."""
    return await _page(request, console)


@router.post("/windows")
async def plan(request: Request, console: Operator, fields: Posted) -> Response:
    """Plan a maintenance window; times are in the operator's time zone."""
    zone = ZoneInfo(words_of(request).zone)
    begins_at, ends_at = (in_utc(fields.get(name, ""), zone) for name in ("begins_at", "ends_at"))
    try:
        await console.api.plan_window(begins_at, ends_at or "", fields.get("reason", "").strip())
    except Problem as problem:
        if not problem.fields:
            raise
        return await _page(request, console, "plan", problem, fields)
    return await go(request, "/console/delivery#windows")


@router.post("/windows/{window}/end")
async def end(request: Request, console: Operator, window: str, fields: Posted) -> Response:
    """End it now, or cancel a future one."""
    try:
        await console.api.end_window(window, fields.get("reason", "").strip())
    except Problem as problem:
        if not problem.fields:
            raise
        return await _page(request, console, window, problem, fields)
    return await go(request, "/console/delivery#windows")


@router.post("/consumers/{group}")
async def let_through(request: Request, console: Operator, group: str, fields: Posted) -> Response:
    """Let a consumer continue that stopped because of too many unreadable records."""
    return await _steer(request, console, f"consumers/{group}/let-through", group, fields)


@router.post("/{action}")
async def steer(request: Request, console: Operator, action: str, fields: Posted) -> Response:
    """Pause, resume, or adopt the environment."""
    if action not in _STEERS:
        raise HTTPException(404)
    console.must_be_sure(action, fields)
    return await _steer(request, console, action, action, fields)


async def _steer(request: Request, console: Console, order: str, form: str, fields: dict[str, str]) -> Response:
    try:
        await console.api.steer(order, fields.get("reason", "").strip())
    except Problem as problem:
        if not problem.fields:
            raise
        return await _page(request, console, form, problem, fields)
    return await go(request, "/console/delivery")


async def _page(
    request: Request,
    console: Console,
    form: str = "",
    problem: Problem | None = None,
    fields: dict[str, str] | None = None,
) -> Response:
    if fields is None and (kept := await kept_form(request, console.user)):
        form, fields = kept.fields.get("form", ""), kept.fields
    errors = {one.pointer.strip("/?"): one.detail for one in problem.fields} if problem else {}
    found = await console.api.delivery()
    return await show(
        request, console, "delivery", 422 if problem else 200, delivery=found, window=window_under_way(found),
        windows=await console.api.windows(), form=form, errors=errors, fields=fields or {},
    )  # fmt: skip


def in_utc(local: str, zone: ZoneInfo) -> str | None:
    """The content of a date-and-time field, as the API takes it; None if empty, the text itself if it is not a time."""
    if not local.strip():
        return None
    try:
        return datetime.fromisoformat(local.strip()).replace(tzinfo=zone).isoformat()
    except ValueError:
        return local
