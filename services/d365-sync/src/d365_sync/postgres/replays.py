"""Replays of many dead letters in PostgreSQL."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from pydantic import ValidationError

from case_shared.events import CaseContent
from case_shared.postgres import Pool, load_sql
from d365_sync.app.ports import Leader
from d365_sync.app.replays import (
    Candidate,
    Choices,
    CountDiffers,
    Forecast,
    KeyReused,
    ReplayNotFound,
    ReplayOrder,
    RunningReplay,
)
from d365_sync.domain.document import DocumentId, State, case_to_create
from d365_sync.domain.replay import ALLOWED, LEADS_TO, ReplayAction, ReplayState
from d365_sync.postgres.queries import like

_PACKAGE = "d365_sync.postgres"


@dataclass(frozen=True)
class PostgresReplays:
    """Implements `app.replays.Replays`."""

    pool: Pool

    async def order(self, order: ReplayOrder) -> UUID:
        """Note the order and its dead letters; the replay that it meant, if any. Raises KeyReused, CountDiffers."""
        same_letters = _hash(order.query, order.dry_run)
        same_request = _hash(order.query, order.dry_run, order.reason)
        while True:
            ordered = await self.pool.fetchrow(
                load_sql(_PACKAGE, "order_replay"),
                order.key,
                same_request,
                same_letters,
                order.query,
                order.dry_run,
                order.actor,
                order.reason,
                order.wanted.dealer,
                order.wanted.cause,
                order.wanted.older_than_seconds,
                like(order.wanted.text),
                order.expected,
            )
            assert ordered is not None, "counts have one row"
            if ordered["replay_id"] is not None:
                return _uuid(ordered["replay_id"])
            meant = await self.pool.fetchrow(
                load_sql(_PACKAGE, "find_ordered_replay"), order.actor, order.key, same_letters
            )
            # None: the open replay that stood in the way has ended in between.
            if meant is not None:
                if meant["by_key"] and bytes(meant["request_hash"]) != same_request:
                    raise KeyReused("the Idempotency-Key was used for another replay")
                return _uuid(meant["replay_id"])
            if order.expected is not None and ordered["documents"] != order.expected:
                raise CountDiffers(ordered["documents"])

    async def change(self, replay_id: UUID, action: ReplayAction, actor: str, reason: str) -> bool:
        """Pause, resume or cancel; False where its state does not permit that."""
        states = [state.value for state in ALLOWED[action]]
        statement = load_sql(_PACKAGE, "change_replay")
        done = await self.pool.fetchval(statement, replay_id, states, LEADS_TO[action], action, actor, reason)
        return done is not None

    async def state(self, replay_id: UUID) -> ReplayState:
        """How it stands. Raises ReplayNotFound."""
        state = await self.pool.fetchval(load_sql(_PACKAGE, "select_replay_state"), replay_id)
        if state is None:
            raise ReplayNotFound(f"there is no replay {replay_id}")
        return ReplayState(state)

    async def gets_on(self, replay_id: UUID) -> bool:
        """Whether it runs, and nothing holds it up."""
        return bool(await self.pool.fetchval(load_sql(_PACKAGE, "select_replay_gets_on"), replay_id))

    async def running(self, limit: int) -> list[RunningReplay]:
        """Replays that have work to be done, oldest first."""
        rows = await self.pool.fetch(load_sql(_PACKAGE, "select_running_replays"), limit)
        return [RunningReplay(_uuid(row["replay_id"]), row["dry_run"]) for row in rows]

    async def step(self, replay_id: UUID, leader: Leader, *, limit: int, most_queued: int) -> int:
        """Put the next `limit` documents back into the queue; how many the replay is done with."""
        statement = load_sql(_PACKAGE, "step_replay")
        return await self.pool.fetchval(statement, replay_id, limit, most_queued, leader.name, leader.token) or 0

    async def candidates(self, replay_id: UUID, limit: int) -> list[Candidate]:
        """The next documents that a dry run is to check."""
        rows = await self.pool.fetch(load_sql(_PACKAGE, "select_replay_candidates"), replay_id, limit)
        return [_candidate(row) for row in rows]

    async def store_forecasts(self, replay_id: UUID, leader: Leader, forecasts: Sequence[Forecast]) -> int:
        """Store what a dry run found; for how many that was new."""
        columns = list(zip(*(asdict(forecast).values() for forecast in forecasts), strict=True)) or [(), (), ()]
        statement = load_sql(_PACKAGE, "store_replay_findings")
        return await self.pool.fetchval(statement, replay_id, *map(list, columns), leader.name, leader.token) or 0

    async def hold_up(self, replay_id: UUID, why: str) -> None:
        """Note why a dry run does not get on."""
        await self.pool.execute(load_sql(_PACKAGE, "hold_up_replay"), replay_id, why)

    async def choices(self, data_area_id: str) -> Choices:
        """D365's lists of a legal entity, as status-sync has read them."""
        row = await self.pool.fetchrow(load_sql(_PACKAGE, "select_choices"), data_area_id)
        assert row is not None, "a SELECT without FROM has one row"
        pairs = zip(row["categories"], row["category_types"], strict=True)
        return Choices(frozenset(pairs), frozenset(row["priorities"]))


def _hash(*parts: Any) -> bytes:
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).digest()


def _uuid(value: Any) -> UUID:
    return UUID(int=value.int)


def _candidate(row: asyncpg.Record) -> Candidate:
    document_id, case, problem = DocumentId(row["web_case_id"], row["submission_no"]), None, None
    if row["content"] is None:
        problem = "its payload was emptied; replay it alone, with a payload"
    else:
        try:
            content = CaseContent.model_validate(row["content"])
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            problem = f"/payload/{'/'.join(map(str, first['loc']))}: {first['msg']}"
        else:
            case = case_to_create(
                document_id,
                _uuid(row["submission_id"]),
                row["data_area_id"],
                row["customer_account"],
                content,
                row["created_by"],
            )
    return Candidate(row["place"], document_id, State(row["state"]), row["data_area_id"], case, problem)
