"""Where the list's statements find cases: `cases`, or a side table that tells all that is asked (ADR 0016).

Each subquery that must not be planned otherwise is fenced by LIMIT or OFFSET 0, so every dealer has the same plans.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from case_api.domain.list_query import Column, ListQuery, Search
from case_api.postgres import list_search
from case_api.postgres.list_order import CREATOR, STATUS, STATUSES, Segment, shown
from case_api.postgres.list_tables import JOIN_CASES, Names, Source
from case_shared.events import CaseStatus

_UNDELIVERED = "c.phase = 'submitted' AND c.case_id IS NULL"
_CONDITIONS = {
    "statuses": f"{STATUS} = ANY ({{}}::smallint[])",
    "category": f"{shown('category')} = {{}}",
    "priority": f"{shown('priority')} = {{}}",
    "created_by": f"{CREATOR} = lower({{}}::text COLLATE pg_c_utf8)",
    "origin": "c.origin = {}",
    "created_from": "c.created_at >= {}::timestamptz",
    "created_before": "c.created_at < {}::timestamptz",
}
# The filters that narrow a walk itself, for they stand in the index that it follows.
_NARROWING = {
    Column.CREATED_AT: frozenset({"created_by", "created_from", "created_before"}),
    Column.CREATED_BY: frozenset({"created_by"}),
}
_ORDERED_BY_STATUS = frozenset({Column.CREATED_AT, Column.STATUS})
_ORDERED_BY_CREATOR = frozenset({Column.CREATED_AT, Column.CREATED_BY})
# What case_ids alone tells of a case that is found there, and case_statuses of any.
_SORTS_OF_IDS = frozenset({Column.CREATED_AT, Column.WEB_CASE_ID, Column.CASE_ID, Column.CREATED_BY})
_SORTS_OF_STATUSES = _SORTS_OF_IDS | {Column.STATUS}
_CONDITIONS_OF_IDS = frozenset({"search", "created_by", "created_from", "created_before"})
_CONDITIONS_OF_STATUSES = _CONDITIONS_OF_IDS | {"statuses"}


class Way(Enum):
    """How cases are gathered."""

    BY_INDEXES = auto()  # what is searched, by its ids, its user or its status
    BY_SLICES = auto()  # so, but the ids a month or a user after the other, until there are enough
    IN_ORDER = auto()  # one after the other, until there are enough
    WHOLE = auto()  # the whole dealer


@dataclass
class Sources:
    """What `query` is looked up in; `arguments` are the values of `$1` to `$n`."""

    query: ListQuery
    arguments: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dealer = self.argument(self.query.dealer)
        self._conditions = dict(self._filters())

    def argument(self, value: Any) -> str:
        """The name of a new parameter."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def _filters(self) -> Iterator[tuple[str, str]]:
        """The conditions on a case, by the filter's name."""
        filters = self.query.filters
        for name, condition in _CONDITIONS.items():
            value = getattr(filters, name)
            if value not in (None, ()):
                told = [STATUSES.index(status) for status in value] if name == "statuses" else value
                yield name, condition.format(self.argument(told))
        if filters.undelivered is not None:
            yield "undelivered", f"({_UNDELIVERED})" if filters.undelivered else f"NOT ({_UNDELIVERED})"
        if filters.search is not None:
            yield "search", list_search.condition(filters.search, self.argument)

    def conditions(self, met: frozenset[str] = frozenset()) -> str:
        """All that a case must be, but for what is met."""
        return _and(condition for name, condition in self._conditions.items() if name not in met)

    def place(self, segment: Segment) -> str:
        """What holds of the dealer's cases in `segment`."""
        after = [] if segment.after is None else [self.argument(value) for value in segment.after]
        return _and([f"c.dealer = {self.dealer}", *segment.conditions(after)])

    def is_bare(self, segment: Segment) -> bool:
        """Whether each case that a walk comes by is wanted."""
        return not self._conditions.keys() - self._narrowing(segment)

    def is_of_statuses(self, segment: Segment | None = None, met: frozenset[str] = frozenset()) -> bool:
        """Whether case_statuses tells all that is asked of a case that meets `met`, and its place in `segment`."""
        known = segment is None or segment.sort.column in _SORTS_OF_STATUSES
        return known and self._conditions.keys() - met <= _CONDITIONS_OF_STATUSES

    def is_of_ids(self, segment: Segment | None) -> bool:
        """Whether case_ids tells all that is asked of a case that is found there, and its place in `segment`."""
        search = self.query.filters.search
        if segment is None or search is None:
            return False
        asked = self._conditions.keys() | {segment.sort.column.value}
        # What a short search finds comes from an index that does not have the creator.
        return asked <= _CONDITIONS_OF_IDS | _SORTS_OF_IDS and (search.anywhere or "created_by" not in asked)

    def is_cut(self, segment: Segment) -> bool:
        """Whether none are all read: each index that finds brings a page in order, or from its own table."""
        return segment.sort.column in _ORDERED_BY_CREATOR and self.is_of_ids(segment)

    def statuses(self) -> list[CaseStatus] | None:
        """The statuses to look through, None: all; what D365 does not have yet is `submitted`."""
        filters = self.query.filters
        statuses = filters.statuses or STATUSES
        if filters.undelivered:
            return [status for status in statuses if status is CaseStatus.SUBMITTED]
        return [*statuses] if filters.statuses else None

    def walked(self, segment: Segment, depth: int) -> Source:
        """The next `depth` cases."""
        narrowing, statuses = self._narrowing(segment), self.statuses()
        conditions = [text for name, text in self._conditions.items() if name in narrowing - {"statuses"}]
        place, order = _and([self.place(segment), *conditions]), segment.order()
        follows = statuses is not None or segment.sort.column is Column.STATUS
        if segment.sort.column not in _ORDERED_BY_STATUS or not follows:
            return Source(f"(SELECT c.* FROM cases c WHERE {place} ORDER BY {order} LIMIT {depth}) c", narrowing)
        if statuses is None:
            rows = f"case_statuses x WHERE {Names.STATUSES.of(place)}"
        else:  # the next of each status, and the next of these
            rows = f"{self.each(statuses)} CROSS JOIN LATERAL {self._of_status(segment, place, f'LIMIT {depth}')} x"
        names = Names.CASES if self.is_bare(segment) else self._names(segment, narrowing)
        ordered = f"(SELECT x.* FROM {rows} ORDER BY {Names.STATUSES.of(order)} LIMIT {depth}) x"
        return Source(f"{ordered}{JOIN_CASES[names]}", narrowing, names)

    def of_each_status(self) -> Source:
        """The cases of status `o.status`, newest first."""
        order = f"x.dealer = {self.dealer} AND x.status = o.status ORDER BY x.created_at DESC, x.web_case_id DESC"
        names = self._names(None, frozenset())
        return Source(f"(SELECT * FROM case_statuses x WHERE {order}) x{JOIN_CASES[names]}", names=names)

    def each(self, statuses: list[CaseStatus]) -> str:
        """A table of the `statuses`' orders."""
        orders = self.argument(sorted(STATUSES.index(status) for status in statuses))
        return f"unnest({orders}::smallint[]) o (status)"

    def users(self) -> str:
        """The dealer's users who are found by what was typed, as a table `creators`."""
        search = self.query.filters.search
        if search is None:
            return ""
        pattern = self.argument(list_search.user_pattern(search))
        return list_search.USERS.format(dealer=self.dealer, pattern=pattern)

    def first_found(self, segment: Segment, cap: int) -> str:
        """What is found by its ids and comes in `segment`, as a table `found` of `cap` at most."""
        search = self.query.filters.search
        if search is None or not self.has_slices(segment):
            return ""
        rows = [found.select("c.*", self._rest(found, segment)) for found in self._found_in_ids(search)]
        return f", found AS MATERIALIZED (SELECT * FROM ({' UNION ALL '.join(rows)}) c LIMIT {cap})"

    def has_slices(self, segment: Segment) -> bool:
        """Whether months or users follow each other in the segment's order, and case_ids tells all that is asked."""
        search = self.query.filters.search
        return bool(search and search.anywhere) and segment.has_value and self.is_cut(segment)

    def gathered(self, way: Way, segment: Segment | None = None, wanted: int = 0) -> Iterator[Source]:
        """All cases that are wanted, and others; of what comes in `segment`'s order the first `wanted`."""
        search = self.query.filters.search
        if way is Way.WHOLE:
            yield Source("case_statuses x", names=Names.STATUSES)
        elif search is not None and way is not Way.IN_ORDER:
            met = frozenset({"search"})
            yield from self._by_ids(search, way, segment, wanted)
            yield Source(self._by_creators(segment, wanted, met), met)
            if search.statuses:
                yield self._by_status(search.statuses, segment, wanted, met)
        else:
            yield self._filtered(segment, wanted)

    def _filtered(self, segment: Segment | None, wanted: int) -> Source:
        statuses = self.statuses()
        if statuses is not None:
            return self._by_status(statuses, segment, wanted, frozenset({"statuses"}))
        if self.query.filters.created_by is not None:
            return self._fenced("created_by")
        if segment is None or not segment.key.indexed:
            return self._fenced("created_from", "created_before")
        if segment.sort.column is not Column.STATUS:
            return Source("cases c")
        if self.is_of_statuses(segment):
            return Source("case_statuses x", names=Names.STATUSES)
        return self._by_status(STATUSES, segment, wanted, frozenset())

    def _narrowing(self, segment: Segment) -> frozenset[str]:
        """The conditions that all cases of a walk meet."""
        names = _NARROWING.get(segment.sort.column, frozenset())
        follows_statuses = segment.sort.column in _ORDERED_BY_STATUS and self.statuses() is not None
        return (names | {"statuses"}) - {"created_by"} if follows_statuses else names

    def _names(self, segment: Segment | None, met: frozenset[str]) -> Names:
        """Whether case_statuses is to be joined by `cases`."""
        return Names.STATUSES if self.is_of_statuses(segment, met) else Names.CASES

    def _of_status(self, segment: Segment, place: str, fence: str) -> str:
        """The rows of status `o.status`, in order."""
        place = Names.STATUSES.of(place)
        order = segment.order_of_status()
        return f"(SELECT * FROM case_statuses x WHERE x.status = o.status AND {place} ORDER BY {order} {fence})"

    def _fenced(self, *names: str) -> Source:
        conditions = [self._conditions[name] for name in names if name in self._conditions]
        where = _and([f"c.dealer = {self.dealer}", *conditions])
        return Source(f"(SELECT c.* FROM cases c WHERE {where} OFFSET 0) c", frozenset(names))

    def read(self, search: Search, segment: Segment | None) -> list[str]:
        """The cases that are all read in `cases` where they are gathered by indexes."""
        read = []
        if not self.is_of_ids(segment):
            read += [found.select("1", f"c.dealer = {self.dealer}") for found in self._found_in_ids(search)]
        if segment is None or segment.sort.column not in _ORDERED_BY_CREATOR:
            read.append(f"SELECT 1 FROM cases c WHERE {self._of_creators()}")
        return read

    def _of_creators(self) -> str:
        return f"c.dealer = {self.dealer} AND {CREATOR} = ANY (ARRAY(SELECT name FROM creators))"

    def _found_in_ids(self, search: Search) -> list[Source]:
        """The rows of case_ids that are found by what was typed."""
        met = frozenset({"search"})
        if not search.anywhere:
            return [Source(f"{list_search.beginning_ids(search, self.dealer, self.argument)} c", met, Names.IDS)]
        conditions = [list_search.has_in_ids(text, self.argument) for text in search.ids]
        return [Source("case_ids c", met, Names.IDS, condition) for condition in conditions]

    def _by_ids(self, search: Search, way: Way, segment: Segment | None, wanted: int) -> Iterator[Source]:
        if segment is not None and way is Way.BY_INDEXES and self.has_slices(segment):
            yield Source("found c", frozenset({"search"}), Names.IDS)
            return
        for found in self._found_in_ids(search):
            if segment is not None and way is Way.BY_SLICES:
                yield found._replace(table=self._by_slices(found, segment, wanted), where="true")
            elif segment is not None and segment.sort.column is not Column.WEB_CASE_ID and self.is_of_ids(segment):
                yield found
            else:
                yield self._fenced_ids(found, segment)

    def _fenced_ids(self, found: Source, segment: Segment | None) -> Source:
        # The table's key brings Web Case IDs in order, but not the few that are found.
        rows = f"({found.select('*', f'c.dealer = {self.dealer}')} OFFSET 0)"
        if self.is_of_ids(segment):
            return found._replace(table=f"{rows} c", where="true")
        return Source(f"(SELECT c.* FROM {rows} s JOIN cases c USING (web_case_id) OFFSET 0) c", found.met)

    def _by_slices(self, found: Source, segment: Segment, wanted: int) -> str:
        if segment.sort.column is Column.CREATED_BY:
            slices = f"SELECT name FROM case_creators WHERE dealer = {self.dealer} ORDER BY name"
            of_slice = "c.creator = m.slice COLLATE pg_c_utf8"
        else:
            months = "generate_series(month(min(created_at)), month(max(created_at)))"
            slices, of_slice = (
                f"SELECT {months} FROM cases WHERE dealer = {self.dealer} ORDER BY 1",
                "c.month = m.slice",
            )
        chosen = f"{self._rest(found, segment)} AND {of_slice} ORDER BY {segment.order()} LIMIT {wanted}"
        of_each = f"CROSS JOIN LATERAL ({found.select('c.*', chosen)}) c LIMIT {wanted}"
        return f"(SELECT c.* FROM ({slices} {segment.direction}) m (slice) {of_each}) c"

    def _rest(self, source: Source, segment: Segment) -> str:
        """What its cases must still be."""
        return f"{self.conditions(source.met)} AND {self.place(segment)}"

    def _by_creators(self, segment: Segment | None, wanted: int, met: frozenset[str]) -> str:
        if segment is None or segment.sort.column not in _ORDERED_BY_CREATOR:
            return f"(SELECT c.* FROM cases c WHERE {self._of_creators()} OFFSET 0) c"
        return (
            "creators u CROSS JOIN LATERAL ("
            f"SELECT c.* FROM cases c WHERE {CREATOR} = u.name AND {self.place(segment)} AND {self.conditions(met)}"
            f" ORDER BY {segment.order()} LIMIT {wanted}) c"
        )

    def _by_status(
        self, statuses: list[CaseStatus], segment: Segment | None, wanted: int, met: frozenset[str]
    ) -> Source:
        names = self._names(segment, met)
        if segment is None or segment.sort.column not in _ORDERED_BY_STATUS:
            orders = self.argument([STATUSES.index(status) for status in statuses])
            rows = f"SELECT * FROM case_statuses WHERE dealer = {self.dealer} AND status = ANY ({orders}::smallint[])"
            return Source(f"({rows} OFFSET 0) x{JOIN_CASES[names]}", met, names)
        rows = f"{self._of_status(segment, self.place(segment), 'OFFSET 0')} x{JOIN_CASES[names]}"
        columns = "x.*" if names is Names.STATUSES else "c.*"
        chosen = f"{self.conditions(met)} ORDER BY {segment.order_of_status()} LIMIT {wanted}"
        found = Source(rows, met, names).select(columns, chosen)
        return Source(f"{self.each(statuses)} CROSS JOIN LATERAL ({found}) {columns[0]}", met, names)


def _and(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions) or "true"
