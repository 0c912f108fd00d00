"""The list in PostgreSQL, on connections of its own: what takes long there keeps nobody else waiting."""

from dataclasses import dataclass, field, replace

import asyncpg

from case_api.app.stores import Listed
from case_api.domain.errors import ListTooSlow
from case_api.domain.list_query import Count, Counts, ListQuery, Place, Sort
from case_api.postgres.list_order import KEYS, STATUSES, Segment, segments
from case_api.postgres.list_sources import Way
from case_api.postgres.list_statements import Composer, Statement
from case_api.postgres.rows import case_of
from case_shared.postgres import Pool

# A walk begins with so many cases for each that is wanted; a step that finds too few for the next one to complete the
# page is followed by so many times more; where one in so many is found, or less, the indexes are faster.
_FIRST_STEP = 2
_GROWTH = 5
_SPARSE = 60
_SPARSE_IN_OTHER_ORDERS = 300
# Looking through all is faster than gathering so many and reading each.
_MANY = 2000
# So many are looked at to find the first of them; more are, a month's or a user's after the other's.
_LOTS = 20_000
# Looking at all of a dealer's cases is faster than finding some, where it has no more.
_SMALL = 4000
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
    large: set[str] = field(default_factory=set)  # dealers that are not small, and never will be again

    async def page(self, query: ListQuery, after: Place | None, limit: int) -> list[Listed]:
        """Up to `limit` cases from behind `after`."""
        composer = Composer(query)
        found: list[Listed] = []
        way: Way | None = None
        for segment in segments(query.sort, after):
            rest: Segment | None = segment
            # Always so many: a statement's text has its limit, and is planned but once.
            if way is None and self.has_index(query.sort):
                listed, rest = await self._walk(composer, segment, limit)
                found += listed
            if rest is not None:
                way = way or await self._way(composer, rest)
                rows = await self._fetch(composer.gather(rest, limit, way, _LOTS))
                if rows and rows[0]["n"] >= _LOTS:
                    rows = await self._fetch(composer.gather(rest, limit, Way.BY_SLICES, _LOTS))
                found += [_listed(row) for row in rows]
            if len(found) >= limit:
                break
        return found[:limit]

    async def counts(self, query: ListQuery) -> Counts:
        """How many cases there are, up to a thousand each."""
        chosen = query.filters.statuses
        query = replace(query, filters=replace(query.filters, statuses=()))
        composer, cap = Composer(query), _CAP + 1
        way = await self._way(composer)
        walks = way is Way.IN_ORDER and query.filters.created_by is None
        rows = await self._fetch(composer.count_walked(cap) if walks else composer.count_gathered(cap, way))
        found = {STATUSES[row["status"]]: row["count"] for row in rows}
        total = sum(count for status, count in found.items() if not chosen or status in chosen)
        return Counts(_capped(total), {status: _capped(found.get(status, 0)) for status in STATUSES})

    def has_index(self, sort: Sort) -> bool:
        """Whether an index brings cases in this order."""
        return KEYS[sort.column].indexed

    async def _walk(self, composer: Composer, segment: Segment, limit: int) -> tuple[list[Listed], Segment | None]:
        """What was found while enough was found, and what of `segment` is left where more is wanted."""
        found: list[Listed] = []
        begin, depth = segment, _FIRST_STEP * limit
        sparse = _SPARSE if composer.sources.is_cut(segment) else _SPARSE_IN_OTHER_ORDERS
        while True:
            rows = await self._fetch(composer.walk(segment, limit, depth))
            hits = [_listed(row) for row in rows if row["hit"]]
            found += hits
            if len(found) >= limit or not rows or rows[-1]["n"] < depth:
                return found, None
            segment = segment._replace(after=_place(rows[-1]))
            if len(hits) * sparse < depth or self._may_be_small(composer, segment):
                # To look at what was passed once more costs less than to compare all that is found with the place.
                return found, segment if found else begin
            if len(hits) < limit - len(found):
                depth *= _GROWTH

    async def _way(self, composer: Composer, segment: Segment | None = None) -> Way:
        """How to gather what a walk does not find."""
        search = composer.query.filters.search
        if self._may_be_small(composer, segment):
            if await self._count(composer.count_cases(_SMALL + 1)) <= _SMALL:
                return Way.WHOLE
            self.large.add(composer.query.dealer)
        if search is None:
            return Way.IN_ORDER
        read = composer.count_read(search, segment, _MANY)
        if read is None or await self._count(read) < _MANY:
            return Way.BY_INDEXES
        return Way.IN_ORDER

    def _may_be_small(self, composer: Composer, segment: Segment | None) -> bool:
        """Whether it may be fast to look at all of the dealer's cases."""
        return composer.query.dealer not in self.large and composer.sources.is_of_statuses(segment)

    async def _count(self, statement: Statement) -> int:
        [row] = await self._fetch(statement)
        return int(row["count"])

    async def _fetch(self, statement: Statement) -> list[asyncpg.Record]:
        try:
            return await self.pool.fetch(statement.text, *statement.arguments)
        except asyncpg.QueryCanceledError as error:
            raise ListTooSlow(str(error)) from error


def _listed(row: asyncpg.Record) -> Listed:
    return Listed(case_of(row), _place(row))


def _place(row: asyncpg.Record) -> Place:
    return Place(row["sort_value"], row["created_at"], row["web_case_id"])


def _capped(number: int) -> Count:
    return Count(min(number, _CAP), number > _CAP)
