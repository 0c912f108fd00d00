"""What the web layer reads by hand: conditions, merge patches."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import Request

from case_api.domain.case import Case
from case_api.web.case_list import _lines
from case_api.web.conditions import versions, wait_seconds
from case_api.web.schemas import CaseInput
from case_shared.web.problems import Problem
from case_shared.words.spreadsheets import Separator, Spreadsheet
from tests.unit.case_api.test_timeline import case


def request(**headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": pairs})


@pytest.mark.parametrize(
    ("header", "expected"),
    [('"3"', [3]), ('"3", "4"', [3, 4]), ('W/"3"', []), ("*", []), ("3", []), ('"x"', []), ('"12345678901"', [])],
)
async def test_only_strong_tags_of_ours_match(header: str, expected: list[int]) -> None:
    assert await versions(header) == expected


async def test_without_if_match_it_is_asked_for() -> None:
    with pytest.raises(Problem) as refused:
        await versions()
    assert refused.value.status == 428


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        *[("wait=5", 5), ("respond-async, wait=5", 5), ("wait=900", 30), ("wait=99999", 30), ("Wait=5", 5)],
        *[('wait="5"', 5), ("wait = 5 ,foo", 5), ("wait=5, wait=7", 5), ("wait=" + 100 * "9", 30)],
        *[("wait=x", 0), ('wait="5', 0), ("wait=-5", 0), ("handling=lenient", 0), ("await=5", 0), ("", 0)],
    ],
)
def test_prefer_wait_is_read(header: str, seconds: int) -> None:
    assert wait_seconds(request(prefer=header)) == seconds


def test_prefer_wait_is_read_from_each_line() -> None:
    lines = [(b"prefer", b"respond-async"), (b"prefer", b"wait=5")]
    assert wait_seconds(Request({"type": "http", "headers": lines})) == 5


@pytest.mark.parametrize(
    ("patch", "changes"),
    [
        ({}, {}),
        ({"notes": None, "category": "Parts"}, {"notes": None, "category": "Parts"}),
        ({"contact": {"name": "Ann"}}, {"contact_name": "Ann"}),
        ({"contact": {"email": None}}, {"contact_email": None}),
        ({"contact": None}, {"contact_name": None, "contact_email": None, "contact_phone": None}),
    ],
)
def test_a_merge_patch_names_the_columns_it_changes(patch: dict[str, Any], changes: dict[str, str | None]) -> None:
    assert CaseInput.model_validate(patch).changes() == changes


async def test_an_export_lets_other_requests_take_their_turn() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def chunks() -> AsyncIterator[list[Case]]:
        yield [case()] * 1_000

    waiting = asyncio.create_task(others())
    lines = _lines(Spreadsheet(Separator.COMMA, ZoneInfo("UTC")), [case()] * 2_000, chunks())
    parts = [part async for part in lines]
    waiting.cancel()
    assert sum(part.count(b"\r\n") for part in parts) == 3_001
    assert turns >= 3_000 / 500
