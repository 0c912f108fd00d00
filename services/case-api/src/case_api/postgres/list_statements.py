"""The list's statements, composed of what a query asks for; ADR 0016 tells why so.

A **walk** looks through the next cases in the sort's order, a bounded number of them. It fills a page at once where
many match. What matches seldom is **gathered** by the indexes that find it, then sorted. Neither trusts an estimate:
each subquery that must not be planned otherwise is fenced by LIMIT or OFFSET 0, so every dealer has the same plans.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from case_api.domain.list_query import Column, ListQuery, Search
from case_api.postgres import list_search
from case_api.postgres.list_order import CREATOR, Segment, shown
from case_shared.events import CaseStatus

STATUSES = list(CaseStatus)  # a status's place in it is its `status_order`
_STATES = "s.state, s.case_id AS submission_case_id, s.cause, s.reason, s.attempts, s.delivered_at"
_JOIN_STATES = "LEFT JOIN submission_states s USING (web_case_id, submission_no)"
_UNDELIVERED = "c.phase = 'submitted' AND c.case_id IS NULL"
_CONDITIONS = {
    "statuses": "c.status = ANY ({}::text[])",
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
_PARAMETER = re.compile(r"\$(\d+)")
_ORDERED_BY_STATUS = frozenset({Column.CREATED_AT, Column.STATUS})
_ORDERED_BY_CREATOR = frozenset({Column.CREATED_AT, Column.CREATED_BY})
# The sorts that searched_cases alone serves.
_SEARCHED = frozenset({Column.CREATED_AT, Column.WEB_CASE_ID, Column.CASE_ID})


class Statement(NamedTuple):
    """Text, and values for `$1` to `$n`."""

    text: str
    arguments: list[Any]


class Source(NamedTuple):
    """A table `c` of cases, and the names of the conditions that all in it meet."""

    table: str
    met: frozenset[str]


@dataclass
class Composer:
    """Composes statements about `query`."""

    query: ListQuery
    _arguments: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dealer = self._argument(self.query.dealer)
        self._conditions = dict(self._filters())

    def _argument(self, value: Any) -> str:
        """The name of a new parameter."""
        self._arguments.append(value)
        return f"${len(self._arguments)}"

    def is_bare(self, segment: Segment) -> bool:
        """Whether each case that a walk comes by is wanted."""
        return not self._conditions.keys() - self._narrowing(segment)

    def walk(self, segment: Segment, wanted: int, depth: int) -> Statement:
        """Up to `wanted` rows among the next `depth`; the last of these (`n = depth`) comes too, a `hit` or not."""
        value, order = segment.key.value, segment.order()
        if self.is_bare(segment):
            return self._statement(
                f"SELECT c.*, {value} AS sort_value, true AS hit, 0 AS n, {_STATES}"
                f" FROM {self._walked(segment, wanted)} {_JOIN_STATES} ORDER BY {order}"
            )
        return self._statement(
            f"SELECT c.*, w.sort_value, w.hit, w.n, {_STATES} FROM ("
            f"SELECT * FROM (SELECT c.web_case_id, {value} AS sort_value, {self._all()} AS hit,"
            f" row_number() OVER (ORDER BY {order}) AS n FROM {self._walked(segment, depth)}) w"
            f" WHERE hit OR n = {depth} ORDER BY n LIMIT {wanted}"
            f") w JOIN cases c USING (web_case_id) {_JOIN_STATES} ORDER BY w.n"
        )

    def gather(self, segment: Segment, wanted: int, *, seldom: bool) -> Statement:
        """Up to `wanted` rows, by the indexes that find them; `seldom`: what is searched is found so."""
        place = _and(self._place(segment))
        branches = [
            f"(SELECT c.web_case_id, {segment.key.value} AS value, c.created_at FROM {source.table}"
            f" WHERE {self._all(source.met)} AND {place} ORDER BY {segment.order()} LIMIT {wanted})"
            for source in self._sources(segment, wanted, seldom=seldom)
        ]
        order = segment.order_of_found()
        return self._statement(
            f"{self._users()} SELECT c.*, g.value AS sort_value, true AS hit, 0 AS n, {_STATES} FROM ("
            f"SELECT * FROM ({' UNION '.join(branches)}) g ORDER BY {order} LIMIT {wanted}"
            f") g JOIN cases c USING (web_case_id) {_JOIN_STATES}"
            f" ORDER BY g.value {segment.direction}, g.created_at {segment.direction}, web_case_id {segment.direction}"
        )

    def count_newest(self, search: Search, depth: int) -> Statement:
        """How many of the newest `depth` cases have in their ids what was typed."""
        newest = f"WHERE c.dealer = {self._dealer} ORDER BY c.created_at DESC, c.web_case_id DESC LIMIT {depth}"
        ids = list_search.ids_condition(search, self._argument)
        return self._statement(f"SELECT count(*) FROM (SELECT c.* FROM cases c {newest}) c WHERE {ids}")

    def count_gathered(self, cap: int) -> Statement:
        """A row for each status with how many cases have it, up to `cap`, by the indexes that find them."""
        branches = [
            f"(SELECT c.web_case_id, status_order(c.status) AS status FROM {source.table}"
            f" WHERE c.dealer = {self._dealer} AND {self._all(source.met)})"
            for source in self._sources()
        ]
        return self._statement(
            f"{self._users()} SELECT status, least(count(*), {cap})::integer AS count"
            f" FROM ({' UNION '.join(branches)}) found GROUP BY status"
        )

    def count_walked(self, cap: int) -> Statement:
        """The same through each status's cases, newest first, until `cap` are found."""
        join = "JOIN cases c USING (web_case_id)" if self._conditions else ""
        newest = f"x.dealer = {self._dealer} AND x.status = o.status ORDER BY x.created_at DESC, x.web_case_id DESC"
        return self._statement(
            "SELECT o.status, (SELECT count(*)::integer FROM ("
            f"SELECT FROM (SELECT * FROM case_statuses x WHERE {newest}) x {join} WHERE {self._all()} LIMIT {cap}"
            f") m) AS count FROM {self._each(self._statuses() or STATUSES)}"
        )

    def _statement(self, text: str) -> Statement:
        """`text` with the parameters that it uses: PostgreSQL takes no others."""
        used = sorted({int(number) for number in _PARAMETER.findall(text)})
        names = {str(number): f"${place}" for place, number in enumerate(used, 1)}
        arguments = [self._arguments[number - 1] for number in used]
        return Statement(_PARAMETER.sub(lambda found: names[found[1]], text), arguments)

    def _filters(self) -> Iterator[tuple[str, str]]:
        """The conditions on a case, by the filter's name."""
        filters = self.query.filters
        for name, condition in _CONDITIONS.items():
            value = getattr(filters, name)
            if value not in (None, ()):
                yield name, condition.format(self._argument(value))
        if filters.undelivered is not None:
            yield "undelivered", f"({_UNDELIVERED})" if filters.undelivered else f"NOT ({_UNDELIVERED})"
        if filters.search is not None:
            yield "search", list_search.condition(filters.search, self._argument)

    def _all(self, met: frozenset[str] = frozenset()) -> str:
        return _and(condition for name, condition in self._conditions.items() if name not in met)

    def _place(self, segment: Segment) -> list[str]:
        place = [] if segment.after is None else [self._argument(value) for value in segment.after]
        return [f"c.dealer = {self._dealer}", *segment.conditions(place)]

    def _statuses(self) -> list[CaseStatus] | None:
        """The statuses to look through, None: all; what D365 does not have yet is `submitted`."""
        filters = self.query.filters
        statuses = filters.statuses or STATUSES
        if filters.undelivered:
            return [status for status in statuses if status is CaseStatus.SUBMITTED]
        return [*statuses] if filters.statuses else None

    # The walk

    def _narrowing(self, segment: Segment) -> frozenset[str]:
        """The conditions that all cases of a walk meet."""
        names = _NARROWING.get(segment.sort.column, frozenset())
        return (names | {"statuses"}) - {"created_by"} if self._follows_statuses(segment) else names

    def _follows_statuses(self, segment: Segment) -> bool:
        return segment.sort.column in _ORDERED_BY_STATUS and self._statuses() is not None

    def _walked(self, segment: Segment, depth: int) -> str:
        """The next `depth` cases as a table `c`."""
        narrowing = self._narrowing(segment)
        conditions = [text for name, text in self._conditions.items() if name in narrowing - {"statuses"}]
        place, order = _and([*self._place(segment), *conditions]), segment.order()
        statuses = self._statuses()
        if self._follows_statuses(segment) and statuses is not None:
            # The next of each status, and the next of these.
            rows = (
                f"(SELECT x.* FROM {self._each(statuses)} CROSS JOIN LATERAL {self._of_status(segment, place, depth)} x"
            )
            return f"{rows} ORDER BY {_of_x(order)} LIMIT {depth}) x JOIN cases c USING (web_case_id)"
        if segment.sort.column is Column.STATUS:
            rows = f"(SELECT * FROM case_statuses x WHERE {_of_x(place)} ORDER BY {_of_x(order)} LIMIT {depth}) x"
            return f"{rows} JOIN cases c USING (web_case_id)"
        return f"(SELECT c.* FROM cases c WHERE {place} ORDER BY {order} LIMIT {depth}) c"

    def _each(self, statuses: list[CaseStatus]) -> str:
        orders = self._argument(sorted(STATUSES.index(status) for status in statuses))
        return f"unnest({orders}::smallint[]) o (status)"

    def _of_status(self, segment: Segment, place: str, limit: int | None) -> str:
        """The rows of status `o.status`, in order."""
        rows = f"SELECT * FROM case_statuses x WHERE x.status = o.status AND {_of_x(place)} ORDER BY {_within(segment)}"
        return f"({rows} {'OFFSET 0' if limit is None else f'LIMIT {limit}'})"

    # The gathering

    def _users(self) -> str:
        """The dealer's users who are found by what was typed, as a table `creators`."""
        search = self.query.filters.search
        if search is None:
            return ""
        pattern = self._argument(list_search.user_pattern(search))
        return list_search.USERS.format(dealer=self._dealer, pattern=pattern)

    def _sources(self, segment: Segment | None = None, wanted: int = 0, *, seldom: bool = True) -> Iterator[Source]:
        """All cases that are wanted, and others; of what comes in `segment`'s order the first `wanted`."""
        filters, statuses = self.query.filters, self._statuses()
        search = filters.search
        if search is not None and seldom:
            met = frozenset({"search"})
            yield from self._by_ids(search, segment, met)
            yield Source(self._by_creators(segment, wanted, met), met)
            if search.statuses:
                yield Source(self._by_status(search.statuses, segment, wanted, met), met)
        elif statuses is not None:
            met = frozenset({"statuses"})
            yield Source(self._by_status(statuses, segment, wanted, met), met)
        elif filters.created_by is not None:
            yield self._fenced("created_by")
        elif segment is not None and segment.sort.column is Column.STATUS:
            yield Source(self._by_status(STATUSES, segment, wanted, frozenset()), frozenset())
        elif segment is not None and segment.key.indexed:
            yield Source("cases c", frozenset())  # in order, until there are enough
        else:
            yield self._fenced("created_from", "created_before")

    def _fenced(self, *names: str) -> Source:
        conditions = [self._conditions[name] for name in names if name in self._conditions]
        where = _and([f"c.dealer = {self._dealer}", *conditions])
        return Source(f"(SELECT c.* FROM cases c WHERE {where} OFFSET 0) c", frozenset(names))

    def _by_ids(self, search: Search, segment: Segment | None, met: frozenset[str]) -> Iterator[Source]:
        if not search.anywhere:
            for table in list_search.beginning_ids(search, self._dealer, self._argument):
                yield Source(table, frozenset())
            return
        found = list_search.anywhere_in_ids(search, self._dealer, self._argument)
        whole = f"(SELECT c.* FROM {found} s JOIN cases c USING (web_case_id) OFFSET 0)"
        yield Source(f"{found if self._narrow(segment, met) else whole} c", met)

    def _narrow(self, segment: Segment | None, met: frozenset[str]) -> bool:
        """Whether searched_cases tells all that is asked of a case that meets `met`."""
        return segment is not None and segment.sort.column in _SEARCHED and not self._conditions.keys() - met

    def _by_creators(self, segment: Segment | None, wanted: int, met: frozenset[str]) -> str:
        of_dealer = f"c.dealer = {self._dealer} AND {CREATOR}"
        if segment is None or segment.sort.column not in _ORDERED_BY_CREATOR:
            return f"(SELECT c.* FROM cases c WHERE {of_dealer} = ANY (ARRAY(SELECT name FROM creators)) OFFSET 0) c"
        return (
            "creators u CROSS JOIN LATERAL ("
            f"SELECT c.* FROM cases c WHERE {of_dealer} = u.name AND {_and(self._place(segment))} AND {self._all(met)}"
            f" ORDER BY {segment.order()} LIMIT {wanted}) c"
        )

    def _by_status(self, statuses: list[CaseStatus], segment: Segment | None, wanted: int, met: frozenset[str]) -> str:
        if segment is None or segment.sort.column not in _ORDERED_BY_STATUS:
            orders = self._argument([STATUSES.index(status) for status in statuses])
            cases = "searched_cases" if self._narrow(segment, met) else "cases"
            return (
                f"(SELECT c.* FROM case_statuses x JOIN {cases} c USING (web_case_id) WHERE x.dealer = {self._dealer}"
                f" AND x.status = ANY ({orders}::smallint[]) OFFSET 0) c"
            )
        rows = self._of_status(segment, _and(self._place(segment)), None)
        return (
            f"{self._each(statuses)} CROSS JOIN LATERAL ("
            f"SELECT c.* FROM {rows} x JOIN cases c USING (web_case_id) WHERE {self._all(met)}"
            f" ORDER BY {_within(segment)} LIMIT {wanted}) c"
        )


def _within(segment: Segment) -> str:
    """The order of the rows of one status."""
    return f"x.created_at {segment.direction}, x.web_case_id {segment.direction}"


def _and(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions) or "true"


def _of_x(text: str) -> str:
    """What is said of a case, said of its row in case_statuses."""
    return text.replace("status_order(c.status)", "x.status").replace("c.", "x.")
