"""The list on very many cases: searches, pages and counts as ratios to its first page; and changes of status."""

import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.brute_force import brute_force
from benchmarks.measure import Benchmark, Figures, Goal, World
from case_api.domain.list_query import Column, ListQuery, Sort
from case_api.postgres.case_list import PostgresCaseList, connection_settings
from case_shared.postgres import create_pool
from status_sync.postgres import statement
from tests.support import many_cases
from tests.support.list_queries import INDEXED, Lists

DEALERS, LARGEST, LARGE, TYPICAL = 2000, "dealer-1", "dealer-6", "dealer-200"
PAGE = 26  # 25, and one to know whether there are more
WARM_UP, QUERIES, SHORT_QUERIES, EQUAL_QUERIES = 500, 500, 200, 600
DEPTH = 100_000
BATCH, UPDATE_SECONDS = 500, 6
# How a database without the search would be.
WITHOUT_SEARCH = """
DROP INDEX case_api.cases_by_web_case_id, case_api.cases_by_case_id, case_api.cases_by_creator;
DROP TRIGGER cases_statuses_changed ON case_api.cases;
DROP TRIGGER cases_ids_changed ON case_api.cases
"""


async def play(world: World) -> Figures:
    """Fill the database up to each size and measure there; at the last one the status changes, too."""
    figures: dict[str, float] = {}
    largest_p95: list[float] = []
    before = 0
    connection = await world.superuser()
    options = connection_settings(timeout_seconds=30)
    for size in world.cases:
        await many_cases.insert(connection, size, DEALERS, first=before + 1, of=world.cases[-1])
        before = size
        url = world.database.url("case_api")
        pool = await create_pool(url, schema="case_api", name="benchmark", size=1, settings=options)
        measured = await _Size(PostgresCaseList(pool), connection, random.Random(size)).measure()
        await pool.close()
        print(
            f"{size:,} cases: " + ", ".join(f"{name} {value:.4g}" for name, value in measured.items()), file=sys.stderr
        )
        largest_p95.append(measured["largest p95 ms"])
        figures |= {f"{size:,}: {name}": value for name, value in measured.items()}
    figures["growth of largest p95"] = largest_p95[-1] / largest_p95[0]
    figures |= await _status_changes(connection)
    await connection.close()
    return figures


class _Size:
    """One size of the database."""

    def __init__(self, store: PostgresCaseList, connection: Any, draw: random.Random) -> None:
        self.store, self.connection, self.draw = store, connection, draw

    async def measure(self) -> dict[str, float]:
        """All figures, in ms or as ratios to the first page of the same dealer."""
        figures: dict[str, float] = {}
        for name, dealer in (("largest", LARGEST), ("typical", TYPICAL)):
            lists = await self._lists(dealer)
            for _ in range(WARM_UP):  # as a server that is in use: statements prepared, what is looked at in memory
                await self._page(self.draw.choice([lists.searched, lists.short])())
            firsts, taken = await self._beside_first_pages(dealer, lists.searched, QUERIES)
            more_firsts, short = await self._beside_first_pages(dealer, lists.short, SHORT_QUERIES)
            first = statistics.median(firsts + more_firsts)
            figures |= {
                f"{name} first page p50 ms": first,
                f"{name} p95 ms": _at(taken, 95),
                f"{name} search p50 ratio": _at(taken, 50) / first,
                f"{name} search p95 ratio": _at(taken, 95) / first,
                f"{name} search p99 ratio": _at(taken, 99) / first,
                f"{name} search worst ratio": taken[-1] / first,
                f"{name} short p50 ratio": _at(short, 50) / first,
                f"{name} short worst ratio": short[-1] / first,
            }
        figures |= await self._deep() | await self._counts() | await self._wide_sorts()
        figures["equal to brute force"] = await self._equal()
        return figures

    async def _beside_first_pages(
        self, dealer: str, drawn: Callable[[], ListQuery], count: int
    ) -> tuple[list[float], list[float]]:
        """Milliseconds of first pages, and of as many of the drawn lists, ascending; one after the other."""
        firsts, taken = [], []
        for _ in range(count):
            firsts.append(await self._page(ListQuery(dealer)))
            taken.append(await self._page(drawn()))
        return firsts, sorted(taken)

    async def _page(self, query: ListQuery, after: Any = None) -> float:
        """Milliseconds that a page takes."""
        return await _timed(lambda: self.store.page(query, after, PAGE))

    async def _lists(self, dealer: str) -> Lists:
        rows = await self.connection.fetch(
            "SELECT * FROM case_api.cases WHERE dealer = $1 ORDER BY md5(web_case_id) LIMIT 2000", dealer
        )
        return Lists(dealer, [dict(row) for row in rows], self.draw, INDEXED)

    async def _deep(self) -> dict[str, float]:
        """Pages far down, by each sort that has an index."""
        figures = {}
        for column in INDEXED:
            query = ListQuery(LARGEST, sort=Sort(column, descending=True))
            place, passed = None, 0
            while passed < DEPTH:
                listed = await self.store.page(query, place, 10_000)
                passed += len(listed)
                if len(listed) < 10_000:
                    break
                place = listed[-1].place
            first = statistics.median([await self._page(query) for _ in range(50)])
            deep = statistics.median([await self._page(query, place) for _ in range(50)])
            figures[f"page at depth {passed:,} by {column} ratio"] = deep / first
        return figures

    async def _counts(self) -> dict[str, float]:
        lists = await self._lists(LARGEST)
        plain = [await _timed(lambda: self.store.counts(ListQuery(LARGEST))) for _ in range(20)]
        queries = [lists.searched() for _ in range(100)]
        searched = sorted([await _timed(lambda q=query: self.store.counts(q)) for query in queries])  # type: ignore[misc]
        return {
            "counts p50 ms": statistics.median(plain),
            "counts of a search p50 ms": _at(searched, 50),
            "counts of a search worst ms": searched[-1],
        }

    async def _wide_sorts(self) -> dict[str, float]:
        """Sorts that no index brings: the whole dealer is looked through."""
        columns = [column for column in Column if column not in INDEXED]
        return {
            f"largest by {column} ms": await self._page(ListQuery(LARGEST, sort=Sort(column))) for column in columns
        }

    async def _equal(self) -> float:
        """The share of random lists whose first two pages are what a plain look at every case finds."""
        equal = 0
        for number in range(EQUAL_QUERIES):
            dealer = LARGEST if number % 20 == 0 else LARGE if number % 4 == 0 else TYPICAL
            lists = replace(await self._cached(dealer), sorts=tuple(Column))
            query = self.draw.choice([lists.filtered, lists.searched, lists.short])()
            first = await self.store.page(query, None, PAGE)
            second = await self.store.page(query, first[-1].place, PAGE) if len(first) == PAGE else []
            found = [listed.case.web_case_id for listed in (*first, *second)]
            wanted = await brute_force(self.connection, query, 2 * PAGE)
            equal += found == wanted
            if found != wanted:
                print(f"not equal: {query}")
        return equal / EQUAL_QUERIES

    async def _cached(self, dealer: str) -> Lists:
        cache: dict[str, Lists] = self.__dict__.setdefault("cache", {})
        if dealer not in cache:
            cache[dealer] = await self._lists(dealer)
        return cache[dealer]


async def _timed(call: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await call()
    return (time.perf_counter() - began) * 1000


def _at(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) * percent // 100, len(ordered) - 1)]


async def _status_changes(connection: Any) -> Figures:
    """Changes of status a second as status-sync writes them, with the search's index and table and without."""
    rows = await connection.fetch(
        "SELECT * FROM case_api.cases WHERE read_began_at IS NOT NULL ORDER BY md5(web_case_id) LIMIT 200000"
    )
    found = [dict(row) for row in rows]
    await _changes(connection, found)  # not counted: whoever comes first reads the rows' pages for the other
    with_search = await _changes(connection, found)
    await connection.execute(WITHOUT_SEARCH)
    without = await _changes(connection, found)
    return {
        "status changes/s": with_search,
        "without the search/s": without,
        "status changes ratio": with_search / without,
    }


async def _changes(connection: Any, found: list[dict[str, Any]]) -> float:
    await connection.execute("CHECKPOINT; SET search_path TO status_sync, public")
    draw, done, busy = random.Random(1), 0, 0.0
    while busy < UPDATE_SECONDS:
        batch = sorted(draw.sample(found, min(BATCH, len(found))), key=lambda row: str(row["web_case_id"]))
        columns = _columns([(row, draw.choice(["in_process", "open", "closed", "canceled"])) for row in batch])
        began = time.perf_counter()
        await connection.fetch(statement("update_from_read"), datetime.now(UTC) + timedelta(days=1), *columns)
        busy += time.perf_counter() - began
        done += len(batch)
    return done / busy


def _columns(changes: Iterable[tuple[dict[str, Any], str]]) -> list[list[Any]]:
    kept = ("d365_category", "d365_category_type", "d365_priority", "d365_description", "d365_modified_at")
    rows = [
        (row["web_case_id"], row["case_id"], status, status, *(row[name] for name in kept)) for row, status in changes
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _goals() -> Iterable[Goal]:
    for size in ("1,000,000", "5,000,000"):
        yield Goal(f"{size}: largest search p50 ratio", at_most=3)
        yield Goal(f"{size}: largest search p95 ratio", at_most=30)
        yield Goal(f"{size}: largest search worst ratio", at_most=80)
        yield Goal(f"{size}: typical search p99 ratio", at_most=12)
        yield Goal(f"{size}: largest short worst ratio", at_most=150)
        yield Goal(f"{size}: page at depth 100,000 by created_at ratio", at_most=2)
        yield Goal(f"{size}: equal to brute force", at_least=1)
    yield Goal("growth of largest p95", at_most=2.5)
    yield Goal("status changes ratio", at_least=0.5)


BENCHMARK = Benchmark("search", play, tuple(_goals()), once=True)
