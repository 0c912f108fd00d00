"""The list in PostgreSQL, on connections of its own: what takes long there keeps nobody else waiting."""

from dataclasses import dataclass, replace

import asyncpg

from case_api.app.stores import Listed
from case_api.domain.errors import ListTooSlow
from case_api.domain.list_query import Count, Counts, Filters, ListQuery, Place, Sort
from case_api.postgres.list_order import KEYS, Segment, segments
from case_api.postgres.list_statements import STATUSES, Composer, Statement
from case_api.postgres.rows import case_of
from case_shared.postgres import Pool

# A walk begins with so many cases for each that is wanted, and each further step has so many times more; where it finds
# less than one in `_SPARSE`, the indexes are faster.
_FIRST_STEP = 3
_GROWTH = 5
_SPARSE = 300
_NEWEST = 150
# One in so many: looking through all is faster than gathering them.
_DENSE = 10
_NEVER_FIRST = ("enable_seqscan", "enable_hashjoin", "enable_mergejoin", "enable_sort", "enable_incremental_sort")
_CAP = 1000


def connection_settings(timeout_seconds: float) -> dict[str, str]:
    """For the list's connections: statements end in time, and their plans are made once, for they fit every dealer."""
    return {
        "statement_timeout": f"{round(timeout_seconds * 1000)}ms",
        "default_transaction_read_only": "on",
        "plan_cache_mode": "force_generic_plan",
        # What is best for the average dealer is worst for the largest: where an index finds or orders, it is used.
        **dict.fromkeys(_NEVER_FIRST, "off"),
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        "work_mem": "32MB",
    }


@dataclass(frozen=True, slots=True)
class PostgresCaseList:
    """case_api.app.stores.CaseList."""

    pool: Pool

    async def page(self, query: ListQuery, after: Place | None, limit: int) -> list[Listed]:
        """Up to `limit` cases from behind `after`."""
        composer = Composer(query)
        found: list[Listed] = []
        seldom = None
        for segment in segments(query.sort, after):
            walks = self.has_index(query.sort)
            # Always so many: a statement's text has its limit, and is planned but once.
            if walks:
                listed, segment, walks = await self._walk(composer, segment, limit)  # noqa: PLW2901 - it goes on there
                found += listed
            if not walks:
                seldom = await self._is_seldom_found(query) if seldom is None else seldom
                rows = await self._fetch(composer.gather(segment, limit, seldom=seldom))
                found += [_listed(row) for row in rows]
            if len(found) >= limit:
                break
        return found[:limit]

    async def counts(self, query: ListQuery) -> Counts:
        """How many cases there are, up to a thousand each."""
        chosen = query.filters.statuses
        query = replace(query, filters=replace(query.filters, statuses=()))
        composer, cap = Composer(query), _CAP + 1
        seldom = query.filters.created_by is not None or await self._is_seldom_found(query)
        rows = await self._fetch(composer.count_gathered(cap) if seldom else composer.count_walked(cap))
        found = {STATUSES[row["status"]]: row["count"] for row in rows}
        total = sum(count for status, count in found.items() if not chosen or status in chosen)
        return Counts(_count(total), {status: _count(found.get(status, 0)) for status in STATUSES})

    def has_index(self, sort: Sort) -> bool:
        """Whether an index brings cases in this order."""
        return KEYS[sort.column].indexed

    async def _walk(self, composer: Composer, segment: Segment, limit: int) -> tuple[list[Listed], Segment, bool]:
        """What was found while enough was found, what follows, and whether that was all that was wanted."""
        found: list[Listed] = []
        depth = _FIRST_STEP * limit
        while True:
            rows = await self._fetch(composer.walk(segment, limit, depth))
            hits = [_listed(row) for row in rows if row["hit"]]
            found += hits
            if len(found) >= limit or not rows or rows[-1]["n"] < depth:
                return found, segment, True
            segment = segment._replace(after=_place(rows[-1]))
            if len(hits) * _SPARSE < depth:
                return found, segment, False
            depth *= _GROWTH

    async def _is_seldom_found(self, query: ListQuery) -> bool:
        """Whether few of the newest cases have in their ids what was typed."""
        search = query.filters.search
        if search is None:
            return False
        if query.sort == Sort() and query.filters == Filters(search=search):
            return True  # the walk has shown it
        [row] = await self._fetch(Composer(query).count_newest(search, _NEWEST))
        return bool(row["count"] * _DENSE < _NEWEST)

    async def _fetch(self, statement: Statement) -> list[asyncpg.Record]:
        try:
            return await self.pool.fetch(statement.text, *statement.arguments)
        except asyncpg.QueryCanceledError as error:
            raise ListTooSlow(str(error)) from error


def _listed(row: asyncpg.Record) -> Listed:
    return Listed(case_of(row), _place(row))


def _place(row: asyncpg.Record) -> Place:
    return Place(row["sort_value"], row["created_at"], row["web_case_id"])


def _count(number: int) -> Count:
    return Count(min(number, _CAP), number > _CAP)
