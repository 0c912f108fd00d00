"""Routes of replays: many dead letters at once."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from case_shared.web.auth import Authenticated, Principal, TokenFirst
from case_shared.web.cursors import Cursors
from case_shared.web.problems import Problem
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope
from d365_sync.app.replays import DeadLetters, ReplayNotFound, ReplayOrder
from d365_sync.domain.document import DocumentId
from d365_sync.domain.replay import ReplayAction, ReplayOutcome, ReplayState, allowed_replay_actions, replayable
from d365_sync.web.answers import page
from d365_sync.web.context import context_of
from d365_sync.web.openapi import problems
from d365_sync.web.replay_models import (
    OneReplayDocument,
    ReplayPageQuery,
    ReplaysDocument,
    ReplaysInput,
)
from d365_sync.web.requests import (
    NO_REASON,
    OptionalReasonInput,
    PageQuery,
    no_query_on_orders,
)

_LIST = "replays"
router = APIRouter(
    prefix="/v1/replays", tags=["replays"], dependencies=[Depends(no_query_on_orders)], route_class=TokenFirst
)
Reader = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_READ))]
Writer = Annotated[Principal, Depends(Authenticated(Scope.DOCUMENTS_WRITE))]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Makes the request safe to repeat: the same key means the same replay.",
    ),
]
_FIRST_PAGE = ReplayPageQuery()
_OUTCOMES = tuple(outcome.value for outcome in ReplayOutcome)
_AS_THEY_ARE = (
    "replay_id",
    "state",
    "dry_run",
    "query",
    "dry_run_id",
    "reason",
    "created_at",
    "changed_at",
    "ended_at",
    "held_up_by",
)


@router.post(
    "",
    operation_id="order_replay",
    summary="Replay many dead letters",
    status_code=202,
    response_model=OneReplayDocument,
    responses=problems("invalid-request", "idempotency-key-reused"),
)
async def order(request: Request, response: Response, writer: Writer, body: ReplaysInput, key: Key = None) -> Json:
    """Replay the dead letters that match now, in the background, each once. New cases go first.

    A dry run changes nothing: it asks D365 which of them are already there, and checks which would fail again. The
    answer waits for a dry run for up to 20 s, unless D365 delays it. With the `replay_id` of a dry run, exactly its
    documents are replayed, at the revisions that it saw. Repeating the request with the same Idempotency-Key, or for
    the same dead letters while their replay is open, returns the same replay.
    """
    body.check()
    query = body.query.model_dump(mode="json", exclude_none=True) if body.query else {}
    which = body.query.wanted() if body.query else DeadLetters()
    wanted = ReplayOrder(which, query, body.dry_run, writer.actor, body.reason, key, body.replay_id)
    replay_id = await context_of(request).order_replay(wanted)
    response.headers["Location"] = f"/v1/replays/{replay_id}"
    return await _shown(request, writer, replay_id, _FIRST_PAGE)


@router.get(
    "",
    operation_id="list_replays",
    summary="List replays",
    response_model=ReplaysDocument,
    responses=problems("invalid-request"),
)
async def replays(request: Request, reader: Reader, query: Annotated[PageQuery, Query()]) -> Json:
    """Return replays and dry runs, newest first."""
    cursors = context_of(request).cursors
    rows = await context_of(request).queries.replays(_place(cursors, query.cursor), query.limit + 1)
    return page([_replay(row, reader) for row in rows], query.limit, lambda item: _cursor(cursors, item))


@router.get(
    "/{replay}",
    operation_id="get_replay",
    summary="Get a replay",
    response_model=OneReplayDocument,
    responses=problems("not-found", "invalid-request"),
)
async def one_replay(request: Request, reader: Reader, replay: str, query: Annotated[ReplayPageQuery, Query()]) -> Json:
    """Return its progress and its documents. `cursor` and `limit` page through the documents."""
    return await _shown(request, reader, _replay_id(replay), query)


_STEERED = problems("not-found", "not-allowed", "invalid-request")


@router.post(
    "/{replay}/pause",
    operation_id="pause_replay",
    summary="Pause a replay",
    response_model=OneReplayDocument,
    responses=_STEERED,
)
async def pause(request: Request, writer: Writer, replay: str, body: OptionalReasonInput = NO_REASON) -> Json:
    """Documents that are already in the queue (a few hundred at most) are still sent to D365."""
    return await _steer(ReplayAction.PAUSE, request, writer, replay, body)


@router.post(
    "/{replay}/resume",
    operation_id="resume_replay",
    summary="Resume a paused replay",
    response_model=OneReplayDocument,
    responses=_STEERED,
)
async def resume(request: Request, writer: Writer, replay: str, body: OptionalReasonInput = NO_REASON) -> Json:
    """The replay continues where it stopped."""
    return await _steer(ReplayAction.RESUME, request, writer, replay, body)


@router.post(
    "/{replay}/cancel",
    operation_id="cancel_replay",
    summary="Cancel a replay",
    response_model=OneReplayDocument,
    responses=_STEERED,
)
async def cancel(request: Request, writer: Writer, replay: str, body: OptionalReasonInput = NO_REASON) -> Json:
    """Documents that were not replayed remain dead letters."""
    return await _steer(ReplayAction.CANCEL, request, writer, replay, body)


async def _steer(
    action: ReplayAction, request: Request, writer: Principal, replay: str, body: OptionalReasonInput
) -> Json:
    replay_id = _replay_id(replay)
    await context_of(request).steer_replay(replay_id, action, writer.actor, body.reason)
    return await _shown(request, writer, replay_id, _FIRST_PAGE)


async def _shown(request: Request, caller: Principal, replay_id: UUID, query: ReplayPageQuery) -> Json:
    queries = context_of(request).queries
    found = await queries.replay(replay_id)
    if found is None:
        raise ReplayNotFound(f"Replay {replay_id} does not exist")
    cursors, of = context_of(request).cursors, f"replay {replay_id}"
    behind = cursors.decode(query.cursor, of, int) or [0]
    rows = await queries.replay_documents(replay_id, int(behind[0]), query.outcome, query.limit + 1)
    items = page(rows, query.limit, lambda row: cursors.encode(of, row["place"]))
    items["items"] = [_item(row) for row in items["items"]]
    return {**_replay(found, caller), "states": found["states"], **items}


def _replay(row: Json, caller: Principal) -> Json:
    state, may_write = ReplayState(row["state"]), Scope.DOCUMENTS_WRITE in caller.scopes
    done = {name: row[name] for name in _OUTCOMES}
    remaining = row["documents"] - sum(done.values())
    return {
        **{name: row[name] for name in _AS_THEY_ARE},
        "created_by": row["actor"],
        "created_by_subject": row["actor_subject"],
        "created_by_issuer": row["actor_issuer"],
        "counts": {"documents": row["documents"], "remaining": remaining, **done},
        "allowed_actions": allowed_replay_actions(state, may_write=may_write),
        "replayable": replayable(state, dry_run=row["dry_run"], may_write=may_write),
    }


def _item(row: Json) -> Json:
    return {
        "id": str(DocumentId(row["web_case_id"], row["submission_no"])),
        **{name: value for name, value in row.items() if name != "place"},
    }


def _replay_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Problem(404, "not-found", "Not found", f"Replay {text} does not exist.") from None


def _cursor(cursors: Cursors, item: Json) -> str:
    return cursors.encode(_LIST, item["created_at"].isoformat(), str(item["replay_id"]))


def _place(cursors: Cursors, cursor: str | None) -> tuple[datetime, UUID] | None:
    parts = cursors.decode(cursor, _LIST, str, str)
    return (datetime.fromisoformat(str(parts[0])), UUID(str(parts[1]))) if parts else None
