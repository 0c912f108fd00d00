"""What is measured of each request, by its route's template; and what else of a process."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter, FastAPI
from prometheus_client import REGISTRY

from case_shared.process.certificates import show_certificate
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loop_delay import measure_loop_delay
from case_shared.web.health import health_routes
from case_shared.web.http import MAX_BODY_BYTES, create_app
from case_shared.web.problems import Problem
from tests.support.eventually import eventually
from tests.support.tls import client_certificate


@pytest.fixture
def client() -> httpx2.AsyncClient:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    router = APIRouter(prefix="/v1/observed")

    @router.get("/{thing}")
    async def get(thing: str) -> str:
        if thing == "refused":
            raise Problem(409, "not-a-draft", "Not a draft")
        if thing == "broken":
            raise ZeroDivisionError
        return thing

    app = create_app("test", "test", lifespan, None, [router])
    app.include_router(health_routes(Heartbeats(SystemClock()), {}))
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test")


def counted(route: str, method: str, status: str) -> float:
    labels = {"route": route, "method": method, "status": status}
    return REGISTRY.get_sample_value("casebridge_http_requests_total", labels) or 0


def timed(route: str, method: str) -> float:
    labels = {"route": route, "method": method}
    return REGISTRY.get_sample_value("casebridge_http_request_duration_seconds_count", labels) or 0


async def test_requests_are_counted_by_template_and_class_of_status(client: httpx2.AsyncClient) -> None:
    route = "/v1/observed/{thing}"
    for thing in ("one", "two", "refused", "broken"):
        await client.get(f"/v1/observed/{thing}")
    assert [counted(route, "GET", status) for status in ("2xx", "4xx", "5xx")] == [2, 1, 1]
    assert timed(route, "GET") == 4
    await client.put("/v1/observed/one")
    assert counted(route, "PUT", "4xx") == 1


async def test_what_callers_make_up_is_no_label(client: httpx2.AsyncClient) -> None:
    before, others = counted("unmatched", "GET", "4xx"), counted("unmatched", "_OTHER", "4xx")
    for path in ("/made/up", "/v1/observed/one/two", "/wp-login.php"):
        await client.get(path)
    assert counted("unmatched", "GET", "4xx") - before == 3
    await client.request("BREW", "/made/up")
    assert counted("unmatched", "_OTHER", "4xx") - others == 1


async def test_what_is_refused_before_it_is_routed_counts_too(client: httpx2.AsyncClient) -> None:
    before = counted("unmatched", "POST", "4xx")
    await client.post("/v1/observed/one", content=b"x" * (MAX_BODY_BYTES + 1))
    assert counted("unmatched", "POST", "4xx") - before == 1


async def test_probes_are_measured_by_their_own_routes(client: httpx2.AsyncClient) -> None:
    before = timed("/healthz", "GET")
    await client.get("/healthz")
    assert timed("/healthz", "GET") - before == 1


async def test_a_loop_that_is_blocked_is_seen() -> None:
    async def late() -> float:
        name = "casebridge_event_loop_delay_seconds_bucket"
        many = REGISTRY.get_sample_value(name, {"le": "+Inf"}) or 0
        return many - (REGISTRY.get_sample_value(name, {"le": "0.1"}) or 0)

    before, stopping = await late(), asyncio.Event()
    measuring = asyncio.create_task(measure_loop_delay(stopping))
    await asyncio.sleep(0)
    time.sleep(0.5)  # noqa: ASYNC251 - that is what is to be seen
    await eventually(late, lambda found: found > before)
    stopping.set()
    await measuring


def test_the_end_of_a_certificate_is_shown_and_an_unreadable_one_is_no_number(tmp_path: Path) -> None:
    def end() -> float:
        name = "casebridge_certificate_end_timestamp_seconds"
        return REGISTRY.get_sample_value(name, {"setting": "A_CERTIFICATE"}) or 0

    file = client_certificate(tmp_path)
    show_certificate("A_CERTIFICATE", file)
    assert 0 < end() - time.time() < 2 * 86_400
    file.write_text("exchanged")
    assert end() != end()
