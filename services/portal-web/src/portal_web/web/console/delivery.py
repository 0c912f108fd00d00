"""Delivery as a whole: pause, resume, maintenance windows, paused consumers, and the environment."""

from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from portal_web.clients.rest import Problem
from portal_web.domain.console import window_under_way
from portal_web.domain.d365_sync import DeliveryDocument
from portal_web.web.console.access import Console, Operator
from portal_web.web.console.pages import go, show
from portal_web.web.current_user import Posted
from portal_web.web.preferences import words_of
from portal_web.web.signing import kept_form
from portal_web.web.words import known_zones, zone_of

router = APIRouter(prefix="/console/delivery")
_STEERS = {"pause", "resume", "adopt"}
# The window or the pause of a consumer has ended since the page was loaded.
_GONE = 404


@router.get("")
async def delivery(request: Request, console: Operator) -> Response:
    """The state of delivery, and the actions on it."""
    return await _page(request, console)


@router.post("/windows")
async def plan(request: Request, console: Operator, fields: Posted) -> Response:
    """Plan a maintenance window; times are in the time zone that the form named."""
    zone = zone_of(_zone(request, fields))
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
        if problem.status == _GONE:
            return await _page(request, console, overtaken=True)
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
    """Pause, resume, or adopt the environment: nothing if the page showed another state, such as another's pause."""
    if action not in _STEERS:
        raise HTTPException(404)
    console.must_be_sure(action, fields)
    found = await console.api.delivery()
    if fields.get("seen") != _seen(found):
        return await _page(request, console, action, fields=fields, found=found, overtaken=True)
    return await _steer(request, console, action, action, fields, found)


async def _steer(
    request: Request,
    console: Console,
    order: str,
    form: str,
    fields: dict[str, str],
    found: DeliveryDocument | None = None,
) -> Response:
    try:
        await console.api.steer(order, fields.get("reason", "").strip())
    except Problem as problem:
        if problem.status == _GONE:
            return await _page(request, console, overtaken=True)
        if not problem.fields:
            raise
        return await _page(request, console, form, problem, fields, found=found)
    return await go(request, "/console/delivery")


async def _page(
    request: Request,
    console: Console,
    form: str = "",
    problem: Problem | None = None,
    fields: dict[str, str] | None = None,
    *,
    found: DeliveryDocument | None = None,
    overtaken: bool = False,
) -> Response:
    if fields is None and (kept := await kept_form(request, console.user)):
        form, fields = kept.fields.get("form", ""), kept.fields
    errors = {one.pointer.strip("/?"): one.detail for one in problem.fields} if problem else {}
    found = found or await console.api.delivery()
    return await show(
        request, console, "delivery", 409 if overtaken else 422 if problem else 200, delivery=found,
        window=window_under_way(found), windows=await console.api.windows(), form=form, errors=errors,
        fields=fields or {}, seen=_seen(found), zone=_zone(request, fields or {}), overtaken=overtaken,
    )  # fmt: skip


def _seen(delivery: DeliveryDocument) -> str:
    """What an operator's action depends on: whose pause it is, and which environment was refused."""
    return f"{delivery.paused_at or ''} {delivery.environment.refused_url or ''}"


def _zone(request: Request, fields: dict[str, str]) -> str:
    """The time zone in which a form's times are: browsers say theirs only after the first page."""
    named = fields.get("zone", "")
    return named if named in known_zones() else words_of(request).zone


def in_utc(local: str, zone: ZoneInfo) -> str | None:
    """The content of a date-and-time field, as the API takes it; None if empty, the text itself if it is not a time."""
    if not local.strip():
        return None
    try:
        return datetime.fromisoformat(local.strip()).replace(tzinfo=zone).isoformat()
    except ValueError:
        return local
