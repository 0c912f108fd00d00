"""The list finds what a plain look at every case finds: hundreds of random searches, filters and sorts."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from case_api.app.list_cases import list_cases
from case_api.domain.list_query import Count, ListQuery
from case_api.postgres import case_list
from case_api.postgres.case_list import PostgresCaseList, connection_settings
from case_shared.events import CaseStatus
from tests.support import many_cases
from tests.support.databases import Database
from tests.support.list_queries import Lists, Row, expected, meets

CASES, DEALERS, QUERIES = 4000, 12, 250
PAGES = 4


async def pages(store: PostgresCaseList, query: ListQuery, limit: int) -> tuple[list[str], bool]:
    """The list's beginning, page by page, and whether it is the whole."""
    found: list[str] = []
    place = None
    for _ in range(PAGES):
        page = await list_cases(store, query, place, limit)
        found += [case.web_case_id for case in page.cases]
        place = page.next
        if place is None:
            return found, True
    return found, False


def counted(rows: Sequence[Row], query: ListQuery) -> Counter[str]:
    """Of each status, whatever statuses are asked for."""
    every = replace(query, filters=replace(query.filters, statuses=()))
    return Counter(row["status"] for row in rows if all(meets(row, every)))


_GATHERS = {"_FIRST_STEP": 1, "_SPARSE": 1, "_SPARSE_IN_OTHER_ORDERS": 1, "_SMALL": 0}
# Each way of finding gets its turn: thresholds that 4,000 cases reach.
WAYS = {
    "walks": {"_FIRST_STEP": 5, "_SPARSE": 50, "_SPARSE_IN_OTHER_ORDERS": 50, "_SMALL": 0},
    "by indexes": _GATHERS,
    "by slices": _GATHERS | {"_LOTS": 2},
    "in order": _GATHERS | {"_MANY": 2},
    "whole": {"_FIRST_STEP": 1},
}


@pytest.mark.parametrize("way", WAYS)
async def test_lists_equal_a_plain_look_at_every_case(
    database: Database, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    for name, value in (WAYS[way] | {"_CAP": 100}).items():
        monkeypatch.setattr(case_list, name, value)
    async with database.connect() as connection:
        await many_cases.insert(connection, CASES, DEALERS)
        records = await connection.fetch("SELECT * FROM case_api.cases ORDER BY web_case_id")
    draw = random.Random(way)
    async with database.pool("case_api", settings=connection_settings(5)) as pool:
        store = PostgresCaseList(pool)
        for number in range(QUERIES):
            dealer = f"dealer-{draw.choice([1, 1, 1, 2, 12])}"
            rows = [dict(record) for record in records if record["dealer"] == dealer]
            lists = Lists(dealer, rows, draw)
            query = lists.filtered() if number % 2 else draw.choice([lists.searched(), lists.short()])
            limit = draw.choice([1, 7, 25])
            whole = expected(rows, query)
            found, complete = await pages(store, query, limit)
            assert found == (whole if complete else whole[: PAGES * limit]), query
            counts = await store.counts(query)
            each = counted(rows, query)
            assert counts.total == Count(min(len(whole), 100), len(whole) > 100), query
            assert counts.statuses == {
                status: Count(min(each[status], 100), each[status] > 100) for status in CaseStatus
            }, query
