"""The list finds what a plain loop over every case finds: hundreds of random searches, filters and sorts."""

# ruff: noqa: RUF001 - look-alike characters are tested

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from case_api.app.list_cases import list_cases
from case_api.domain.list_query import Count, ListQuery
from case_api.postgres import case_list
from case_api.postgres.case_list import PostgresCaseList, connection_settings
from case_shared.words.events import CaseStatus
from tests.support import many_cases
from tests.support.databases import Database
from tests.support.list_queries import ORDER, Alphabets, Lists, Row, alphabets, expected, meets
from tests.support.nightly import at_night
from tests.support.patience import PATIENCE

CASES, DEALERS, QUERIES = 4000, 12, 150
PAGES = 4
EACH = """
SELECT c.*, s.case_id AS delivered_as FROM case_api.cases c
LEFT JOIN case_api.submission_states s USING (web_case_id, submission_no) ORDER BY c.web_case_id
"""
# Names and words that languages sort differently, in several scripts.
NAMES = """
UPDATE case_api.cases SET created_by = (ARRAY[
    'İbrahim', 'Ida', 'Þóra', 'Özge', 'zoë', 'Oskar', 'Ægir', 'ıda', 'Straße'
])[
    1 + abs(hashtext(web_case_id)) % 9
] WHERE origin = 'portal' AND hashtext(web_case_id) % 3 = 0;
UPDATE case_api.cases SET category = (ARRAY['Öl', 'Oel', 'Ofen', 'Zubehör', 'ábyrgð', 'Anderes'])[
    1 + abs(hashtext(web_case_id)) % 6
], description = 'Straße – Öl\u200bleck' WHERE read_began_at IS NULL;
"""


async def pages(store: PostgresCaseList, query: ListQuery, limit: int) -> tuple[list[str], bool]:
    """The start of the list, page by page, and whether that is all of it."""
    found: list[str] = []
    place = None
    for _ in range(PAGES):
        page = await list_cases(store, query, place, limit)
        found += [case.web_case_id for case in page.cases]
        place = page.next
        if place is None:
            return found, True
    return found, False


@dataclass(frozen=True)
class Cases:
    """The cases, which tests only read: in the database, by dealer, and each text's position in each alphabet."""

    database: Database
    of: Mapping[str, Sequence[Row]]
    places: Alphabets


@pytest_asyncio.fixture(scope="module")
async def cases(module_database: Database) -> Cases:
    async with module_database.connect() as connection:
        await many_cases.insert(connection, CASES, DEALERS)
        await connection.executemany(
            "INSERT INTO status_sync.priorities VALUES ('usmf', $1, NULL, $2)",
            [(name, n) for n, name in enumerate(ORDER)],
        )
        await connection.execute(NAMES)
        found = await connection.fetch(EACH)
        rows = [dict(record) for record in found]
        places = await alphabets(connection, rows)
    return Cases(
        module_database, {d: [r for r in rows if r["dealer"] == d] for d in {r["dealer"] for r in rows}}, places
    )


@pytest.mark.parametrize("seed", [0, 1, *at_night(2, 3)])
async def test_lists_equal_a_plain_look_at_every_case(cases: Cases, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(case_list, "_CAP", 100)
    draw = random.Random(seed)
    async with cases.database.pool("case_api", settings=connection_settings(5 * PATIENCE)) as pool:
        store = PostgresCaseList(pool)
        for number in range(QUERIES):
            dealer = f"dealer-{draw.choice([1, 1, 1, 2, 12])}"
            lists = Lists(dealer, cases.of[dealer], draw)
            query = lists.filtered() if number % 2 else draw.choice([lists.searched(), lists.short()])
            limit = draw.choice([1, 7, 25])
            # Counts cover every status, whatever statuses the query asks for.
            of_any_status = replace(query, filters=replace(query.filters, statuses=()))
            rows = [row for row in cases.of[dealer] if all(meets(row, of_any_status))]
            each = Counter(row["status"] for row in rows)
            whole = expected(rows, query, cases.places)
            found, complete = await pages(store, query, limit)
            assert found == (whole if complete else whole[: PAGES * limit]), query
            counts = await store.counts(query)
            assert counts.total == Count(min(len(whole), 100), len(whole) > 100), query
            assert counts.statuses == {
                status: Count(min(each[status], 100), each[status] > 100) for status in CaseStatus
            }, query
