"""What a page costs the portal itself: little CPU time, and no disk access."""

import ssl
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.integration.portal_web.conftest import CASES, Browser, Portal
from tests.support.patience import PATIENCE

# Ten milliseconds on a quiet machine (the list of 25 cases costs most); here other tests run in parallel.
MOST_SECONDS = 0.020
TRIES = 12
DISK = {"open", "os.listdir", "os.scandir"}
seen: list[str] | None = None


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if seen is not None and event in DISK:
        seen.append(f"{event} {arguments[0]}")


sys.addaudithook(_hear)


@dataclass
class Recorded(httpx2.AsyncBaseTransport):
    """Repeats an API's recorded answers, because the API's costs are not the portal's."""

    to: httpx2.AsyncBaseTransport
    known: dict[tuple[str, str], tuple[int, Any, bytes]] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        key = (request.method, str(request.url))
        if key not in self.known:
            answer = await self.to.handle_async_request(request)
            self.known[key] = (answer.status_code, answer.headers.raw, await answer.aread())
        status, headers, body = self.known[key]
        return httpx2.Response(status, headers=headers, content=body, request=request)


async def measured(browser: Browser, path: str) -> float:
    """The lowest CPU time for the page in seconds, after a first request."""
    global seen
    for _ in range(2):
        assert (await browser.http.get(path)).status_code == 200, path
    costs = []
    for _ in range(TRIES):
        seen, before = [], time.process_time()
        await browser.http.get(path)
        costs.append(time.process_time() - before)
        looked, seen = seen, None
        assert looked == [], f"{path} looks at the disk"
    return min(costs)


@pytest_asyncio.fixture
async def recorded(portal: Portal, dana: Browser) -> Browser:
    """A dealer with a full list; the API's answers are recorded."""
    case = await dana.draft(category="Sales:Warranty", description="The pump leaks.", priority="High")
    view = await dana.get(f"{CASES}/{case}")
    for number in range(25):
        await dana.send(view, f"{CASES}/{case}/copy", follow=False, key=f"copy{number}")
    transports = portal.context.http._mounts
    pattern = next(one for one, transport in transports.items() if transport is portal.api)
    transports[pattern] = Recorded(portal.api)
    dana.http.cookies.set("zone", "America/Argentina/Buenos_Aires", domain="127.0.0.1")
    return dana


async def test_no_page_costs_much_nor_looks_at_the_disk(recorded: Browser, portal: Portal) -> None:
    async with portal.database.connect() as connection:
        case = await connection.fetchval("SELECT web_case_id FROM case_api.cases LIMIT 1")
    paths = [CASES, f"{CASES}/{case}", f"{CASES}/{case}/edit", f"{CASES}/new?key={'a' * 32}", "/preferences"]
    costs = {path: await measured(recorded, path) for path in paths}
    async with portal.browser() as nobody:
        costs["/ (anonymous)"] = await measured(nobody, "/")
    readable = {path: f"{seconds * 1000:.1f} ms" for path, seconds in costs.items()}
    assert max(costs.values()) < MOST_SECONDS * PATIENCE, readable


async def test_a_sign_in_loads_no_certificates(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """To load them takes 25 ms, in which the portal answers nobody."""
    loaded = []
    original = ssl.create_default_context

    def load(**options: Any) -> ssl.SSLContext:
        loaded.append(options)
        return original(**options)

    monkeypatch.setattr(ssl, "create_default_context", load)
    async with portal.browser() as browser:
        assert (await browser.sign_in("dana", CASES)).status_code == 200
    assert loaded == []
