"""Reads show what the D365 that we know would not: its database may have been replaced by another one's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from case_shared.database.postgres import Connection, Pool
from status_sync.domain.doubts import Doubt

log = structlog.get_logger(__name__)
_RUNBOOK = "docs/runbooks/d365-refreshed.md"
_REMEDY = f"D365 hides them (role, companies), was restored, or was refreshed from another environment: {_RUNBOOK}"


class Doubts(Protocol):
    """Where doubts are kept."""

    async def note(self, connection: Connection, kind: Doubt, examples: Mapping[str, str]) -> bool:
        """Note a doubt for each of these legal entities, with an example; whether one of them had none."""

    async def read_all_again(self, connection: Connection) -> None:
        """Let the next poll and the next sweep read everything."""


@dataclass(frozen=True)
class DoubtEnvironment:
    """Tells operators, by `GET /v1/flow` and the log."""

    pool: Pool
    doubts: Doubts

    async def foreign(self, connection: Connection, examples: Mapping[str, str]) -> None:
        """Cases of another Casebridge stand under Case IDs of ours; `examples` by legal entity.

        Then nothing of what was read before need be so, whatever its modified times say: all is read again.
        """
        new = await self.doubts.note(connection, Doubt.FOREIGN, examples)
        log.error("environment_refreshed", cases=examples, remedy=_RUNBOOK)
        if new:
            await self.doubts.read_all_again(connection)

    async def nothing_shown(self, data_area_id: str, example: str) -> None:
        """D365 shows none of the legal entity's known cases that were asked for."""
        log.error("known_cases_not_shown", data_area_id=data_area_id, example=example, remedy=_REMEDY)
        async with self.pool.acquire() as connection:
            await self.doubts.note(connection, Doubt.NOTHING_SHOWN, {data_area_id: example})
