"""case-api's stream as browsers receive it."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from case_shared.process.clock import SystemClock
from portal_web.app.live_hub import Page
from portal_web.clients.case_api import lines_of
from portal_web.domain.live import Event, events_of
from portal_web.web import live
from portal_web.web.live import _until, place_of, shown
from portal_web.web.words import Words
from tests.support.patience import PATIENCE

CASE = {
    "web_case_id": "WABCDEFGH1", "case_id": "CASE-1", "dealer": "d", "status": "in_process", "status_as_of": None,
    "category": "Warranty", "category_type": "Sales", "priority": None, "description": "<b>", "contact": None,
    "notes": None,
    "created_by": "ann", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    "submitted_at": None, "submission": None, "origin": "portal", "allowed_actions": ["copy"], "tomorrow": 1,
}  # fmt: skip


async def translated(*lines: str) -> list[str]:
    async def stream() -> AsyncIterator[str]:
        for line in lines:
            yield line

    return [shown(event, Words("de", "UTC")).decode() async for event in events_of(stream())]


async def test_a_case_comes_as_its_cells_in_the_visitor_s_language() -> None:
    (text,) = await translated("id: 7", "event: case", f"data: {json.dumps(CASE)}", "")
    head, event, data, *_ = text.split("\n")
    assert (head, event) == ("id: 7", "event: case")
    change = json.loads(data.removeprefix("data: "))
    assert change["case"] == "WABCDEFGH1"
    assert change["say"] == "WABCDEFGH1: In Bearbeitung"
    assert "In Bearbeitung" in change["status"]
    assert "<b>" not in text, "nothing but what the cells show"


async def test_what_did_not_arrive_is_said_so() -> None:
    submission = {
        "submission_no": 1, "state": "failed", "case_id": None, "reason": "no", "submitted_at": "2026-01-01T00:00:00Z",
        "delivered_at": None, "attempts": [],
    }  # fmt: skip
    lost = {**CASE, "status": "submitted", "case_id": None, "submission": submission}
    (text,) = await translated("event: case", f"data: {json.dumps(lost)}", "")
    assert "support" in text.lower()


@pytest.mark.parametrize(
    ("left", "said"),
    [("moved_at", "In D365 einem anderen Kunden zugeordnet"), ("deleted_in_d365_at", "In D365 gelöscht")],
)
async def test_a_case_that_left_is_said_to_have_left(left: str, said: str) -> None:
    (text,) = await translated("event: case", f"data: {json.dumps({**CASE, left: '2026-01-01T00:00:00Z'})}", "")
    assert json.loads(text.split("data: ")[1])["say"] == f"WABCDEFGH1: {said}"


async def test_what_is_not_understood_makes_the_page_load_again() -> None:
    assert await translated("event: case", "data: {}", "") == ["event: resync\ndata: {}\n\n"]
    assert await translated("event: resync", "data: x", "") == ["event: resync\ndata: {}\n\n"]


async def test_the_reason_for_looking_again_is_passed_on_and_nothing_else() -> None:
    lost = '{"reason": "removed", "web_case_id": "WABCDEFGH1"}'
    (text,) = await translated("id: 7", "event: resync", f"data: {lost}", "")
    assert text == 'id: 7\nevent: resync\ndata: {"reason":"removed"}\n\n'


async def test_the_place_in_the_stream_is_passed_on() -> None:
    assert await translated(": nothing new", "id: 8", "") == ["id: 8\n\n"]
    assert await translated("retry: 2000", "id: 1", "") == ["id: 1\n\n"]


async def of_bytes(sent: bytes, size: int) -> list[tuple[str | None, str, list[str]]]:
    """The events of a stream that arrives in parts of `size` bytes."""

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, len(sent), size):
            yield sent[start : start + size]

    answer = httpx2.Response(200, content=parts())
    return [(event.id, event.name, event.data) async for event in events_of(lines_of(answer))]


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85"])
async def test_no_text_of_a_case_ends_a_line_of_the_stream(end: str) -> None:
    """Else whoever writes a description writes events, for all who look at the dealer's cases."""
    forged = end.join(["The pump", "", "id: 99", "event: case", 'data: {"web_case_id": "WOTHER"}', "", "leaks"])
    data = json.dumps({**CASE, "description": forged}, ensure_ascii=False)
    sent = f"id: 7\nevent: case\ndata: {data}\n\n".encode()
    for size in (1, 2, 3, len(sent)):
        assert await of_bytes(sent, size) == [("7", "case", [data])]


async def test_lines_may_end_in_three_ways_and_be_cut_anywhere() -> None:
    sent = "id: 7\r\nevent: case\rdata: Þór\n\r\nid: 8\ndata: begun".encode()
    for size in range(1, len(sent)):
        assert await of_bytes(sent, size) == [("7", "case", ["Þór"])], "what has not ended is no event"


async def endless(seen: list[str]) -> AsyncIterator[bytes]:
    try:
        yield b"first"
        await asyncio.Event().wait()
    finally:
        seen.append("closed")


async def test_a_stream_ends_with_the_service_and_leaves_nothing_behind() -> None:
    seen: list[str] = []
    stopping = asyncio.Event()
    texts = _until(stopping, endless(seen))
    assert await anext(texts) == b"first"
    stopping.set()
    assert [text async for text in texts] == []
    assert seen == ["closed"]


async def test_a_browser_that_leaves_while_nothing_comes_leaves_nothing_behind() -> None:
    seen: list[str] = []

    async def reading() -> None:
        async for _ in _until(asyncio.Event(), endless(seen)):
            pass

    task = asyncio.create_task(reading())
    await asyncio.sleep(0)
    before = asyncio.all_tasks()
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for _ in range(5):
        await asyncio.sleep(0)
    assert seen == ["closed"]
    assert not {one for one in asyncio.all_tasks() if not one.done()} - before


async def test_a_stream_that_ends_by_itself_raises_nothing() -> None:
    async def two() -> AsyncIterator[bytes]:
        yield b"1"
        yield b"2"

    assert [text async for text in _until(asyncio.Event(), two())] == [b"1", b"2"]


@pytest.mark.parametrize(
    ("sent", "place"),
    [(None, None), ("12-0-3.31-2", "12-0-3.31-2"), ("é", "unknown"), ("", "unknown"), ("x" * 300, "unknown")],
)
def test_what_is_no_place_in_a_stream_is_an_unknown_one(sent: str | None, place: str | None) -> None:
    assert place_of(sent) == place


async def test_a_page_s_stream_ends_soon_after_its_session_however_much_happens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "_ALIVE_SECONDS", 0.05)
    looked_up = 0

    class Sessions:
        async def find(self, _secret: str) -> object | None:
            nonlocal looked_up
            looked_up += 1
            return object() if looked_up < 3 else None

    context = SimpleNamespace(clock=SystemClock(), store=Sessions())
    at: Any = SimpleNamespace(user=SimpleNamespace(context=context, secret=SimpleNamespace(id="s")))
    page = Page(opened, datetime.now(UTC) + timedelta(hours=1))

    async def happens() -> None:
        while True:
            page.push(Event(id="7"))
            await asyncio.sleep(0.001)

    happening = asyncio.create_task(happens())
    async with asyncio.timeout(5 * PATIENCE):
        texts = [text async for text in live._page_events(at, page, Words("en", "UTC"))]
    happening.cancel()
    assert (texts.count(b": alive\n\n"), b"id: 7\n\n" in texts) == (2, True)


def opened(_place: str | None) -> Any:
    raise AssertionError("nothing reads the API's stream here")
