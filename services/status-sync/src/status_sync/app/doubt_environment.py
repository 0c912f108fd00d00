"""Reads show what the D365 we know would not: another environment's database may have replaced its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from case_shared.database.postgres import Connection, Pool
from status_sync.domain.doubts import Doubt

log = structlog.get_logger(__name__)
_RUNBOOK = "docs/runbooks/d365-refreshed.md"
_REMEDY = (
    "D365 hides these cases (role, legal entities), was restored, or was refreshed from another environment: "
    f"{_RUNBOOK}"
)


class Doubts(Protocol):
    """Where doubts are kept."""

    async def note(self, connection: Connection, kind: Doubt, examples: Mapping[str, str]) -> bool:
        """Note a doubt for each of these legal entities, with an example; return whether one is new."""

    async def read_all_again(self, connection: Connection) -> None:
        """Make the next poll and the next sweep read everything."""


@dataclass(frozen=True)
class DoubtEnvironment:
    """Reports doubts to operators, by `GET /v1/flow` and the log."""

    pool: Pool
    doubts: Doubts

    async def foreign(self, connection: Connection, examples: Mapping[str, str]) -> None:
        """Note that another Casebridge's cases have Case IDs of ours; `examples` by legal entity.

        Nothing that was read before need be true then, whatever the modified times say: everything is read again.
        """
        new = await self.doubts.note(connection, Doubt.FOREIGN, examples)
        log.error("environment_refreshed", cases=examples, remedy=_RUNBOOK)
        if new:
            await self.doubts.read_all_again(connection)

    async def nothing_shown(self, data_area_id: str, example: str) -> None:
        """Note that D365 shows none of the legal entity's known cases that were asked for."""
        log.error("known_cases_not_shown", data_area_id=data_area_id, example=example, remedy=_REMEDY)
        async with self.pool.acquire() as connection:
            await self.doubts.note(connection, Doubt.NOTHING_SHOWN, {data_area_id: example})
