"""The poll's pages at a D365 that cannot write some rows: all others are read, once each and in order."""

import random
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from case_shared.d365.changes import Changes
from case_shared.d365.errors import D365Throttled, D365TransientError, D365Unavailable
from case_shared.d365.mapping import Mapping
from case_shared.d365.models import D365Case, ModifiedKey
from case_shared.d365.reading import EntitySets, Page
from case_shared.d365.support import SupportIds
from tests.unit.case_shared.d365.test_reading import row

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
START = ModifiedKey(BEGIN, 0)
FIELDS = Mapping().case.fields
PLACE = re.compile(r"\(\w+ gt (\S+)\) or \(\w+ eq \S+ and \w+ gt (-?\d+)\)")
PAGE = 16


@dataclass
class Sets:
    """An entity set in memory. A read with a row of `poison` fails; `texts_alone`: unless it asks for keys alone."""

    rows: list[dict[str, Any]]
    poison: set[str]
    texts_alone: bool = True
    down: D365TransientError | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)

    def url(self, _resource: str, **options: Any) -> dict[str, Any]:
        return options

    async def page(self, _operation: str, url: dict[str, Any], **_: Any) -> Page:
        self.requests.append(url)
        if self.down:
            raise self.down
        if "filter" not in url:
            return Page([{"CaseId": "C"}], None, SupportIds.new())
        place = PLACE.fullmatch(url["filter"])
        assert place, url["filter"]
        behind = (datetime.fromisoformat(place[1]), int(place[2]))
        skip = url.get("skip") or 0
        found = [one for one in self.rows if _order(one) > behind][skip : skip + url["top"]]
        if (not self.texts_alone or "Description" in url["select"]) and self.poison & {one["CaseId"] for one in found}:
            raise D365Unavailable("read modified cases: 500: no OData error in the answer", status=500)
        return Page(found, None, SupportIds.new())


def _order(one: dict[str, Any]) -> tuple[datetime, int]:
    return datetime.fromisoformat(one["SysModifiedDateTime"]), one["CaseRecId"]


def cases(count: int, draw: random.Random) -> list[dict[str, Any]]:
    """Cases of which several have one moment: D365's times are whole seconds."""
    moments = sorted(draw.randint(1, max(1, count // 3)) for _ in range(count))
    times = [(BEGIN + timedelta(seconds=moment)).isoformat() for moment in moments]
    return [row(f"C-{number}", SysModifiedDateTime=time) for number, time in enumerate(times, start=1)]


async def read(sets: Sets, *, passes: bool = True) -> tuple[list[str], list[str | None]]:
    """What was read, and what was passed."""
    passed: list[str | None] = []

    async def note(case: D365Case | None) -> None:
        passed.append(case.case_id if case else None)

    changes = Changes(cast("EntitySets", sets), "DealerPortalCases", FIELDS)
    pages = changes.since(START, page_size=PAGE, timeout=1, passed=note if passes else None)
    return [case.case_id async for page in pages for case in page], passed


@pytest.mark.parametrize("texts_alone", [True, False], ids=["its keys can be read", "nothing of it can be read"])
@pytest.mark.parametrize("seed", range(40))
async def test_all_other_rows_are_read_once_and_in_order(seed: int, texts_alone: bool) -> None:
    draw = random.Random(seed)
    rows = cases(draw.randint(1, 60), draw)
    poison = draw.sample([one["CaseId"] for one in rows], min(len(rows), draw.randint(0, 3)))
    sets = Sets(rows, set(poison), texts_alone)

    found, passed = await read(sets)

    assert found == [one["CaseId"] for one in rows if one["CaseId"] not in poison]
    named = sorted(poison, key=lambda one: int(one.partition("-")[2]))
    assert passed == named if texts_alone else len(passed) <= len(poison)
    assert len(sets.requests) <= 5 + len(poison) * 16


async def test_a_d365_that_is_down_is_asked_twice() -> None:
    sets = Sets([], set(), down=D365Unavailable("500", status=500))

    with pytest.raises(D365Unavailable):
        await read(sets)

    assert len(sets.requests) == 2


@pytest.mark.parametrize(
    "error",
    [D365Throttled("429", retry_after=1), D365Unavailable("503", status=503), D365Unavailable("TimeoutError")],
    ids=str,
)
async def test_a_failure_that_no_row_can_cause_passes_nothing(error: D365TransientError) -> None:
    sets = Sets([], set(), down=error)

    with pytest.raises(type(error)):
        await read(sets)

    assert len(sets.requests) == 1


async def test_who_does_not_note_what_is_passed_passes_nothing() -> None:
    sets = Sets(cases(20, random.Random(1)), {"C-7"})

    with pytest.raises(D365Unavailable):
        await read(sets, passes=False)

    assert len(sets.requests) == 1


async def test_a_row_that_can_be_written_again_is_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = Sets(cases(20, random.Random(1)), {"C-7"})
    page = sets.page

    async def healed(operation: str, url: dict[str, Any], **options: Any) -> Page:
        # Somebody corrects it while its key is read.
        if url["top"] == 1 and "Description" not in url["select"] and "filter" in url:
            sets.poison.clear()
        return await page(operation, url, **options)

    monkeypatch.setattr(sets, "page", healed)

    found, passed = await read(sets)

    assert found == [f"C-{number}" for number in range(1, 21)]
    assert passed == []
