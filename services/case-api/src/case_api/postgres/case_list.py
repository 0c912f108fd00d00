"""The list in PostgreSQL, with its own connections: what takes long there delays nobody else."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import asyncpg

from case_api.app.stores import Listed
from case_api.domain.errors import ListTooSlow
from case_api.domain.list_query import Count, Counts, ListQuery, Place
from case_api.postgres.list_statements import arguments, counts_statement, page_statement
from case_api.postgres.rows import case_of
from case_shared.database.postgres import Pool
from case_shared.words.events import CaseStatus

_CAP = 1000


def connection_settings(timeout_seconds: float) -> dict[str, str]:
    """Return the settings of the list's connections: bounded statements, and one plan for dealers of any size."""
    others = ("seqscan", "bitmapscan", "hashjoin", "mergejoin")
    return {
        "statement_timeout": f"{round(timeout_seconds * 1000)}ms",
        "plan_cache_mode": "force_generic_plan",
        **{f"enable_{method}": "off" for method in others},
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        "work_mem": "32MB",
    }


def settings_statement(settings: Mapping[str, str]) -> str:
    """What gives `settings` to the transaction in which it is run."""
    return ";".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())


@dataclass(frozen=True, slots=True)
class PostgresCaseList:
    """case_api.app.stores.CaseList.

    `first`, if any, is run in each statement's transaction before it: for connections that do not keep their settings.
    """

    pool: Pool
    first: str = ""

    async def page(self, query: ListQuery, after: Place | None, limit: int) -> list[Listed]:
        """Return up to `limit` cases after `after`. Raises: `ListTooSlow`."""
        place = after or (None, None, None)
        rows = await self._fetch(page_statement(query, after), *arguments(query), *place, limit)
        return [Listed(case_of(row), Place(row["sort_value"], row["created_at"], row["web_case_id"])) for row in rows]

    async def counts(self, query: ListQuery) -> Counts:
        """Count the cases, up to a thousand of each kind. Raises: `ListTooSlow`."""
        chosen = query.filters.statuses or tuple(CaseStatus)
        query = replace(query, filters=replace(query.filters, statuses=()))
        rows = await self._fetch(counts_statement(query), *arguments(query))
        found: dict[str, int] = {row["status"]: row["count"] for row in rows}
        total = sum(found.get(status, 0) for status in chosen)
        return Counts(_capped(total), {status: _capped(found.get(status, 0)) for status in CaseStatus})

    async def _fetch(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        try:
            if not self.first:
                return await self.pool.fetch(statement, *values)
            async with self.pool.acquire() as connection, connection.transaction(readonly=True):
                await connection.execute(self.first)
                return await connection.fetch(statement, *values)
        except asyncpg.QueryCanceledError as error:
            raise ListTooSlow(str(error)) from error


def _capped(number: int) -> Count:
    return Count(min(number, _CAP), number > _CAP)
