"""The list on very many cases, compared with a bare scan of the dealer's slice of its index; and changes of status."""

import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from benchmarks.brute_force import brute_force
from benchmarks.measure import Benchmark, Figures, Goal, World
from case_api.domain.list_query import Column, Filters, ListQuery, Search, Sort
from case_api.postgres.case_list import PostgresCaseList, connection_settings
from case_shared.database.postgres import create_pool
from status_sync.postgres.statements import Statement as Reading
from tests.support import many_cases
from tests.support.list_queries import INDEXED, Lists

DEALERS, LARGEST, LARGE, TYPICAL = 2000, "dealer-1", "dealer-6", "dealer-200"
PAGE = 26  # 25, and one to know whether more follow
WARM_UP, QUERIES, EQUAL_QUERIES = 50, 300, 600
TRIES = 3  # of each list; the fastest counts, so that the slowest lists are slow themselves, not interrupted
DEPTH = 100_000
BATCH, UPDATE_SECONDS = 500, 6
# Scans all that the list's index has of a dealer's cases, and returns nothing.
BARE = """
SELECT c.web_case_id, c.created_at, c.status, c.case_id, c.created_by,
    searched(c.web_case_id, c.case_id, c.created_by) COLLATE "C"
FROM cases c WHERE c.dealer = $1 OFFSET 1000000000
"""
# What a list may take: this many times as long, and a constant on top.
TIMES, PLUS_MS = 2, 5
WITHOUT_LIST = "DROP INDEX case_api.cases_listed"


async def play(world: World) -> Figures:
    """Fill the database up to each size and measure it; at the last size the status changes, too."""
    figures: dict[str, float] = {}
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
        figures |= {f"{size:,}: {name}": value for name, value in measured.items()}
    figures |= await _status_changes(connection)
    await connection.close()
    return figures


class _Size:
    """One size of the database."""

    def __init__(self, store: PostgresCaseList, connection: Any, draw: random.Random) -> None:
        self.store, self.connection, self.draw = store, connection, draw

    async def measure(self) -> dict[str, float]:
        """Return all figures, in ms or as ratios to what was measured with them."""
        figures: dict[str, float] = {}
        for name, dealer in (("largest", LARGEST), ("large", LARGE), ("typical", TYPICAL)):
            figures |= await self._lists_of(name, dealer)
        figures |= await self._deep() | await self._counts() | await self._lists_that_read_rows()
        figures["equal to brute force"] = await self._equal()
        return figures

    async def _lists_of(self, name: str, dealer: str) -> dict[str, float]:
        """Search with texts of any length, in each indexed order; compare each with a first page and a bare scan."""
        lists = await self._lists(dealer)
        for _ in range(WARM_UP):  # as on a server in use: statements prepared, and the pages it needs in memory
            await self._page(self._drawn(lists))
        firsts, bare, taken = [], [], []
        for _ in range(QUERIES):
            firsts.append(await self._page(ListQuery(dealer)))
            bare.append(await _timed(lambda: self.store.pool.fetch(BARE, dealer)))
            query = self._drawn(lists)
            taken.append(min([await self._page(query) for _ in range(TRIES)]))
        taken.sort()
        bound = TIMES * statistics.median(bare) + PLUS_MS
        return {
            f"{name} bare scan p50 ms": statistics.median(bare),
            f"{name} first page p50 ms": statistics.median(firsts),
            f"{name} list p50 ms": _at(taken, 50),
            f"{name} list p99 ms": _at(taken, 99),
            f"{name} list p50 to bound": _at(taken, 50) / bound,
            f"{name} list p95 to bound": _at(taken, 95) / bound,
            f"{name} list p99 to bound": _at(taken, 99) / bound,
            f"{name} list p99 to first page": _at(taken, 99) / statistics.median(firsts),
        }

    def _drawn(self, lists: Lists) -> ListQuery:
        query = lists.searched(shortest=1)
        return replace(query, sort=Sort(self.draw.choice(INDEXED), self.draw.random() < 0.5))

    async def _page(self, query: ListQuery, after: Any = None) -> float:
        """Return the milliseconds that a page takes."""
        return await _timed(lambda: self.store.page(query, after, PAGE))

    async def _lists(self, dealer: str) -> Lists:
        rows = await self.connection.fetch(
            "SELECT * FROM case_api.cases WHERE dealer = $1 ORDER BY md5(web_case_id) LIMIT 2000", dealer
        )
        return Lists(dealer, [dict(row) for row in rows], self.draw, INDEXED)

    async def _deep(self) -> dict[str, float]:
        """Read a page far down, in the index's order."""
        place, passed = None, 0
        while passed < DEPTH and len(listed := await self.store.page(ListQuery(LARGEST), place, 10_000)) == 10_000:
            place, passed = listed[-1].place, passed + len(listed)
        first = statistics.median([await self._page(ListQuery(LARGEST)) for _ in range(50)])
        deep = statistics.median([await self._page(ListQuery(LARGEST), place) for _ in range(50)])
        return {f"page at depth {passed:,} ratio": deep / first}

    async def _counts(self) -> dict[str, float]:
        lists = await self._lists(LARGEST)
        plain = [await _timed(lambda: self.store.counts(ListQuery(LARGEST))) for _ in range(20)]
        queries = [lists.searched() for _ in range(100)]
        searched = sorted([await _timed(partial(self.store.counts, query)) for query in queries])
        return {"counts p50 ms": statistics.median(plain), "counts of a search p50 ms": _at(searched, 50)}

    async def _lists_that_read_rows(self) -> dict[str, float]:
        """Sort and filter by columns that the index lacks, at worst: every row of the dealer is read."""
        columns = [column for column in Column if column not in INDEXED]
        nowhere = Filters(category="nowhere")
        searched = replace(nowhere, search=Search("zzq"))
        return {
            **{
                f"largest by {column} ms": await self._page(ListQuery(LARGEST, sort=Sort(column))) for column in columns
            },
            "largest of a category ms": await self._page(ListQuery(LARGEST, nowhere)),
            "largest searched, of a category ms": await self._page(ListQuery(LARGEST, searched)),
            "largest by text ms": await self._page(ListQuery(LARGEST, Filters(words=("nowhere",)))),
        }

    async def _equal(self) -> float:
        """Return the share of random lists whose first two pages match a plain look at every case."""
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
    """Return the status changes per second as status-sync writes them, with the list's index and without."""
    rows = await connection.fetch(
        "SELECT * FROM case_api.cases WHERE read_began_at IS NOT NULL ORDER BY md5(web_case_id) LIMIT 200000"
    )
    found = [dict(row) for row in rows]
    await _changes(connection, found)  # not counted: the first run reads the rows' pages for the next one
    with_list = await _changes(connection, found)
    await connection.execute(WITHOUT_LIST)
    without = await _changes(connection, found)
    return {
        "status changes/s": with_list,
        "without the list/s": without,
        "status changes ratio": with_list / without,
    }


async def _changes(connection: Any, found: list[dict[str, Any]]) -> float:
    await connection.execute("VACUUM case_api.cases")
    await connection.execute("CHECKPOINT; SET search_path TO status_sync, public")
    draw, done, busy = random.Random(1), 0, 0.0
    while busy < UPDATE_SECONDS:
        batch = sorted(draw.sample(found, min(BATCH, len(found))), key=lambda row: str(row["web_case_id"]))
        changed = columns([(row, draw.choice(["in_process", "open", "closed", "canceled"])) for row in batch])
        began = time.perf_counter()
        await connection.fetch(Reading.UPDATE_FROM_READ.text, datetime.now(UTC) + timedelta(days=1), *changed)
        busy += time.perf_counter() - began
        done += len(batch)
    return done / busy


def columns(changes: Iterable[tuple[dict[str, Any], str]]) -> list[list[Any]]:
    kept = ("d365_category", "d365_category_type", "d365_priority", "d365_description", "d365_modified_at")
    rows = [
        (row["web_case_id"], row["case_id"], status, status, *(row[name] for name in kept), False, False)
        for row, status in changes
    ]
    return [list(column) for column in zip(*rows, strict=True)]


def _goals() -> Iterable[Goal]:
    for size in ("1,000,000", "5,000,000"):
        for dealer in ("largest", "large", "typical"):
            yield Goal(f"{size}: {dealer} list p99 to bound", at_most=1)
        yield Goal(f"{size}: typical list p99 to first page", at_most=10)
        yield Goal(f"{size}: page at depth 100,000 ratio", at_most=2)
        yield Goal(f"{size}: equal to brute force", at_least=1)
    yield Goal("status changes ratio", at_least=0.4)


BENCHMARK = Benchmark("search", play, tuple(_goals()), once=True)
