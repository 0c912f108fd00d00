"""Replays of many dead letters in PostgreSQL."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from pydantic import ValidationError

from case_shared.database.postgres import Pool
from case_shared.words.actor import Actor
from case_shared.words.events import CaseContent
from d365_sync.app.ports import Leader
from d365_sync.app.replays import (
    Candidate,
    Choices,
    Forecast,
    KeyReused,
    NotADryRun,
    ReplayNotFound,
    ReplayOrder,
    RunningReplay,
)
from d365_sync.domain.document import DocumentId, State, case_to_create
from d365_sync.domain.replay import ALLOWED, LEADS_TO, ReplayAction, ReplayState, replayable
from d365_sync.postgres.queries import like
from d365_sync.postgres.statements import Statement


@dataclass(frozen=True)
class PostgresReplays:
    """Implements `app.replays.Replays`."""

    pool: Pool

    async def order(self, order: ReplayOrder) -> UUID:
        """Store the order and its dead letters, or find the replay that it repeats. Raises what `OrderReplay` names."""
        query = order.query if order.dry_run_id is None else await self._foreseen(order.dry_run_id)
        same_letters = _hash(query, order.dry_run, order.dry_run_id)
        same_request = _hash(query, order.dry_run, order.reason, order.dry_run_id)
        while True:
            ordered = await self.pool.fetchrow(
                Statement.ORDER_REPLAY.text,
                order.key,
                same_request,
                same_letters,
                query,
                order.dry_run,
                order.actor,
                order.reason,
                order.wanted.dealer,
                order.wanted.cause,
                order.wanted.older_than_seconds,
                like(order.wanted.text),
                order.dry_run_id,
            )
            assert ordered is not None, "counts have one row"
            if ordered["replay_id"] is not None:
                return _uuid(ordered["replay_id"])
            meant = await self.pool.fetchrow(Statement.FIND_ORDERED_REPLAY.text, order.actor, order.key, same_letters)
            # None: the open replay that was in the way has ended meanwhile.
            if meant is not None:
                if meant["by_key"] and bytes(meant["request_hash"]) != same_request:
                    raise KeyReused("this Idempotency-Key was used for another replay")
                return _uuid(meant["replay_id"])

    async def _foreseen(self, dry_run_id: UUID) -> dict[str, Any]:
        """The query of a dry run that has ended. Raises NotADryRun."""
        row = await self.pool.fetchrow(Statement.SELECT_REPLAY.text, dry_run_id)
        if row is None or not row["dry_run"]:
            raise NotADryRun(f"Dry run {dry_run_id} does not exist")
        if not replayable(ReplayState(row["state"]), dry_run=True):
            raise NotADryRun(f"The dry run is {row['state']}. Name a dry run that is completed")
        query: dict[str, Any] = row["query"]
        return query

    async def change(self, replay_id: UUID, action: ReplayAction, actor: Actor, reason: str) -> bool:
        """Pause, resume or cancel; False if its state does not permit that."""
        states = [state.value for state in ALLOWED[action]]
        statement = Statement.CHANGE_REPLAY.text
        done = await self.pool.fetchval(statement, replay_id, states, LEADS_TO[action], action, actor, reason)
        return done is not None

    async def state(self, replay_id: UUID) -> ReplayState:
        """The replay's state. Raises ReplayNotFound."""
        state = await self.pool.fetchval(Statement.SELECT_REPLAY_STATE.text, replay_id)
        if state is None:
            raise ReplayNotFound(f"Replay {replay_id} does not exist")
        return ReplayState(state)

    async def gets_on(self, replay_id: UUID) -> bool:
        """Whether it runs, and nothing delays it."""
        return bool(await self.pool.fetchval(Statement.SELECT_REPLAY_GETS_ON.text, replay_id))

    async def running(self, limit: int) -> list[RunningReplay]:
        """Replays with work to do, oldest first."""
        rows = await self.pool.fetch(Statement.SELECT_RUNNING_REPLAYS.text, limit)
        return [RunningReplay(_uuid(row["replay_id"]), row["dry_run"]) for row in rows]

    async def step(self, replay_id: UUID, leader: Leader, *, limit: int, most_queued: int) -> int:
        """Put the next `limit` documents back into the queue; return how many the replay is done with."""
        statement = Statement.STEP_REPLAY.text
        return await self.pool.fetchval(statement, replay_id, limit, most_queued, leader.name, leader.token) or 0

    async def candidates(self, replay_id: UUID, limit: int) -> list[Candidate]:
        """The next documents for a dry run to check."""
        rows = await self.pool.fetch(Statement.SELECT_REPLAY_CANDIDATES.text, replay_id, limit)
        return [_candidate(row) for row in rows]

    async def store_forecasts(self, replay_id: UUID, leader: Leader, forecasts: Sequence[Forecast]) -> int:
        """Store what a dry run found; return for how many that was new."""
        columns = list(zip(*(asdict(forecast).values() for forecast in forecasts), strict=True)) or [(), (), ()]
        statement = Statement.STORE_REPLAY_FINDINGS.text
        return await self.pool.fetchval(statement, replay_id, *map(list, columns), leader.name, leader.token) or 0

    async def hold_up(self, replay_id: UUID, why: str) -> None:
        """Note why a dry run makes no progress."""
        await self.pool.execute(Statement.HOLD_UP_REPLAY.text, replay_id, why)

    async def hold_up_if_full(self, replay_id: UUID, most_queued: int) -> None:
        """Note that a replay makes no progress if `most_queued` of its documents wait for D365."""
        await self.pool.execute(Statement.HOLD_UP_FULL_REPLAY.text, replay_id, most_queued)

    async def choices(self, data_area_id: str) -> Choices:
        """D365's lists of a legal entity, as status-sync has read them."""
        row = await self.pool.fetchrow(Statement.SELECT_CHOICES.text, data_area_id)
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
        problem = "The payload was emptied. Replay this document alone, with a payload"
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
    return Candidate(row["place"], document_id, State(row["state"]), row["data_area_id"], case, problem, row["changed"])
