"""Replays of many documents: choose, dry run, confirm with the count, and watch the progress."""

import secrets

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from portal_web.clients.rest import Problem
from portal_web.web.console.access import Console, Operator, given
from portal_web.web.console.documents import FILTERS, address
from portal_web.web.console.pages import go, show
from portal_web.web.current_user import Posted

router = APIRouter(prefix="/console/replays")
# From this many on, the operator must type the count, so that no click replays a thousand by mistake.
TYPED_FROM = 10
_QUERY = tuple(name for name in FILTERS if name not in {"state", "alarm"})
_STEERS = {"pause", "resume", "cancel"}
_LONGEST_SECONDS = 1e10  # three hundred years


@router.get("")
async def replays(request: Request, console: Operator) -> Response:
    """All of them, newest first."""
    page = await console.api.replays(request.query_params.get("cursor"))
    following = address("/console/replays", {"cursor": page.next}) if page.next else None
    return await show(request, console, "replays", page=page, following=following)


@router.get("/new")
async def new(request: Request, console: Operator) -> Response:
    """Which dead letters, and why: a dry run first."""
    return await _new(request, console, given(request, _QUERY))


@router.post("/new")
async def dry_run(request: Request, console: Operator, fields: Posted) -> Response:
    """See what it would do; nothing is changed."""
    query = {name: fields[name] for name in _QUERY if fields.get(name)}
    try:
        ordered = await console.api.dry_run(_typed(query), fields.get("reason", "").strip(), fields.get("key", ""))
    except Problem as problem:
        if not problem.fields:
            raise
        return await _new(request, console, query, fields.get("reason", ""), problem)
    return await go(request, f"/console/replays/{ordered.replay_id}")


@router.get("/{replay}")
async def replay(request: Request, console: Operator, replay: str) -> Response:
    """Its progress, and what it did with each document."""
    return await _shown(request, console, replay, "replay")


@router.get("/{replay}/now")
async def replay_now(request: Request, console: Operator, replay: str) -> Response:
    """Only the changing part; the page reloads once there is nothing more to wait for."""
    shown = await _shown(request, console, replay, "replay_now")
    if request.state.replay_ended:
        shown.headers["HX-Refresh"] = "true"
    return shown


@router.get("/{replay}/for-real")
async def ask_for_real(request: Request, console: Operator, replay: str) -> Response:
    """Confirm what the dry run predicted: shows the count, which the operator must type if it is large."""
    console.must_be_sure("replay")
    return await _confirm(request, console, replay)


@router.post("/{replay}/for-real")
async def for_real(request: Request, console: Operator, replay: str, fields: Posted) -> Response:
    """Replay exactly what the dry run looked at; what has changed since is left out."""
    console.must_be_sure("replay", fields)
    foreseen = await console.api.replay(replay, limit=1)
    reason, typed = fields.get("reason", "").strip(), fields.get("typed", "").strip()
    if foreseen.counts.documents >= TYPED_FROM and typed != str(foreseen.counts.documents):
        return await _confirm(request, console, replay, reason, wrong_count=True)
    try:
        ordered = await console.api.replay_all(str(foreseen.replay_id), reason, fields.get("key", ""))
    except Problem as problem:
        if not problem.fields:
            raise
        return await _confirm(request, console, replay, reason, problem=problem)
    return await go(request, f"/console/replays/{ordered.replay_id}")


@router.get("/{replay}/{action}")
async def ask(request: Request, console: Operator, replay: str, action: str) -> Response:
    """Ask why it is paused, resumed or canceled."""
    return await _ask(request, console, replay, action)


@router.post("/{replay}/{action}")
async def steer(request: Request, console: Operator, replay: str, action: str, fields: Posted) -> Response:
    """Pause, resume or cancel."""
    if action not in _STEERS:
        raise HTTPException(404)
    try:
        await console.api.steer_replay(replay, action, fields.get("reason", "").strip())
    except Problem as problem:
        if problem.status not in {409, 422}:
            raise
        return await _ask(request, console, replay, action, problem)
    return await go(request, f"/console/replays/{replay}")


async def _new(
    request: Request, console: Console, query: dict[str, str], reason: str = "", problem: Problem | None = None
) -> Response:
    status = 422 if problem else 200
    return await show(
        request, console, "replay_new", status, query=query, reason=reason, problem=problem,
        older_than=_seconds(query.get("older_than_seconds", "")), key=secrets.token_hex(16),
        page_address=address("/console/replays/new", query),
    )  # fmt: skip


def _typed(query: dict[str, str]) -> dict[str, str | float]:
    """The filters as JSON has them: the API takes an age only as a number."""
    seconds = _seconds(query.get("older_than_seconds", ""))
    return dict(query) if seconds is None else {**query, "older_than_seconds": seconds}


def _seconds(text: str) -> float | None:
    """An age in an address; None if it is none, which the API refuses."""
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds <= _LONGEST_SECONDS else None


async def _shown(request: Request, console: Console, replay: str, template: str) -> Response:
    wanted = given(request, ("outcome", "cursor"))
    found = await console.api.replay(replay, **wanted)
    request.state.replay_ended = found.state != "running"
    here = f"/console/replays/{replay}"
    following = address(here, {**wanted, "cursor": found.next}) if found.next else None
    return await show(
        request, console, template, replay=found, following=following, outcome=wanted.get("outcome", ""), here_now=here,
        whole=not wanted and not found.next,
    )  # fmt: skip


async def _confirm(
    request: Request,
    console: Console,
    replay: str,
    reason: str = "",
    *,
    wrong_count: bool = False,
    problem: Problem | None = None,
) -> Response:
    found = await console.api.replay(replay, limit=1)
    if not found.dry_run:
        raise HTTPException(404)
    return await show(
        request, console, "replay_for_real", 422 if wrong_count or problem else 200, replay=found, problem=problem,
        reason=reason or found.reason, key=secrets.token_hex(16), typed_from=TYPED_FROM, wrong_count=wrong_count,
    )  # fmt: skip


async def _ask(
    request: Request, console: Console, replay: str, action: str, problem: Problem | None = None
) -> Response:
    if action not in _STEERS:
        raise HTTPException(404)
    found = await console.api.replay(replay, limit=1)
    status = problem.status if problem else 200
    return await show(request, console, "replay_steer", status, replay=found, action=action, problem=problem)
