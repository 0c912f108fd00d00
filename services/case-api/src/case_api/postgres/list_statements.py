"""The list's statements, composed of what a query asks for; ADR 0016 tells why so.

A **walk** looks through the next cases in the sort's order, a bounded number of them. It fills a page at once where
many match. What matches seldom is **gathered** by the indexes that find it, then sorted. Neither trusts an estimate.
"""

import re
from typing import Any, NamedTuple

from case_api.domain.list_query import ListQuery, Search
from case_api.postgres import list_search
from case_api.postgres.list_order import STATUS, STATUSES, Segment
from case_api.postgres.list_sources import Sources, Way

_STATES = "s.state, s.case_id AS submission_case_id, s.cause, s.reason, s.attempts, s.delivered_at"
_JOIN_STATES = "LEFT JOIN submission_states s USING (web_case_id, submission_no)"
# One in so many of so many.
_NEWEST, _DENSE = 150, 10
_PARAMETER = re.compile(r"\$(\d+)")


class Statement(NamedTuple):
    """Text, and values for `$1` to `$n`."""

    text: str
    arguments: list[Any]


class Composer:
    """Composes statements about `query`."""

    def __init__(self, query: ListQuery) -> None:
        self.query = query
        self.sources = Sources(query)

    def walk(self, segment: Segment, wanted: int, depth: int) -> Statement:
        """Up to `wanted` rows among the next `depth`; the last of these (`n = depth`) comes too, a `hit` or not."""
        value, order = segment.key.value, segment.order()
        if self.sources.is_bare(segment):
            return self._statement(
                f"SELECT c.*, {value} AS sort_value, true AS hit, 0 AS n, {_STATES}"
                f" FROM {self.sources.walked(segment, wanted).table} {_JOIN_STATES} ORDER BY {order}"
            )
        hit, n = self.sources.conditions(), f"row_number() OVER (ORDER BY {order})"
        columns = f"c.web_case_id, {value} AS sort_value, {hit} AS hit, {n} AS n"
        walked = self.sources.walked(segment, depth).select(columns, "true")
        return self._statement(
            f"SELECT c.*, w.sort_value, w.hit, w.n, {_STATES} FROM ("
            f"SELECT * FROM ({walked}) w WHERE hit OR n = {depth} ORDER BY n LIMIT {wanted}"
            f") w JOIN cases c USING (web_case_id) {_JOIN_STATES} ORDER BY w.n"
        )

    def gather(self, segment: Segment, wanted: int, way: Way, cap: int) -> Statement:
        """Up to `wanted` rows. Where `n` is `cap`, so many were found by their ids, and it is to be done BY_SLICES."""
        columns = f"c.web_case_id, {segment.key.value} AS value, c.created_at"
        place, first = self.sources.place(segment), f"ORDER BY {segment.order()} LIMIT {wanted}"
        branches = [
            f"({source.select(columns, f'{self.sources.conditions(source.met)} AND {place} {first}')})"
            for source in self.sources.gathered(way, segment, wanted)
        ]
        order, found = segment.order_of_found(), self.sources.first_found(segment, cap) if way is Way.BY_INDEXES else ""
        n = "(SELECT count(*) FROM found)" if found else "0"
        return self._statement(
            f"{self.sources.users()}{found} SELECT c.*, g.value AS sort_value, true AS hit, {n} AS n, {_STATES} FROM ("
            f"SELECT * FROM ({' UNION '.join(branches)}) g ORDER BY {order} LIMIT {wanted}"
            f") g JOIN cases c USING (web_case_id) {_JOIN_STATES}"
            f" ORDER BY g.value {segment.direction}, g.created_at {segment.direction}, web_case_id {segment.direction}"
        )

    def count_read(self, search: Search, segment: Segment | None, cap: int) -> Statement | None:
        """How many cases are all read where they are gathered by indexes, up to `cap`; None: none are.

        Not counted where many of the newest cases are found by their ids: to gather these takes long by itself.
        """
        read = self.sources.read(search, segment)
        if not read:
            return None
        order = f"c.dealer = {self.sources.dealer} ORDER BY c.created_at DESC, c.web_case_id DESC"
        has = list_search.condition_on_ids(search, self.sources.argument)
        newest = f"SELECT count(*) FROM (SELECT c.* FROM cases c WHERE {order} LIMIT {_NEWEST}) c WHERE {has}"
        counted = f"SELECT count(*) FROM ({' UNION ALL '.join(read)} LIMIT {cap}) c"
        return self._statement(
            f"{self.sources.users()}"
            f" SELECT CASE WHEN ({newest}) * {_DENSE} >= {_NEWEST} THEN {cap} ELSE ({counted}) END AS count"
        )

    def count_cases(self, cap: int) -> Statement:
        """How many cases the dealer has, up to `cap`."""
        rows = f"SELECT FROM case_statuses WHERE dealer = {self.sources.dealer} LIMIT {cap}"
        return self._statement(f"SELECT count(*) FROM ({rows}) x")

    def count_gathered(self, cap: int, way: Way) -> Statement:
        """A row for each status with how many cases have it, up to `cap`."""
        columns, dealer = f"c.web_case_id, {STATUS} AS status", f"c.dealer = {self.sources.dealer}"
        branches = [
            source.select(columns, f"{dealer} AND {self.sources.conditions(source.met)}")
            for source in self.sources.gathered(way)
        ]
        return self._statement(
            f"{self.sources.users()} SELECT status, least(count(*), {cap})::integer AS count"
            f" FROM ({' UNION '.join(branches)}) found GROUP BY status"
        )

    def count_walked(self, cap: int) -> Statement:
        """The same through each status's cases, newest first, until `cap` are found."""
        found = self.sources.of_each_status().select("", self.sources.conditions())
        return self._statement(
            f"SELECT o.status, (SELECT count(*)::integer FROM ({found} LIMIT {cap}) m) AS count"
            f" FROM {self.sources.each(self.sources.statuses() or STATUSES)}"
        )

    def _statement(self, text: str) -> Statement:
        """`text` with the parameters that it uses: PostgreSQL takes no others."""
        used = sorted({int(number) for number in _PARAMETER.findall(text)})
        names = {str(number): f"${place}" for place, number in enumerate(used, 1)}
        arguments = [self.sources.arguments[number - 1] for number in used]
        return Statement(_PARAMETER.sub(lambda found: names[found[1]], text), arguments)
