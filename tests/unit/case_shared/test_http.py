"""Problems, body limit and health of each of our HTTP servers, by ASGI calls."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
import structlog
from fastapi import FastAPI, Request
from pydantic import BaseModel, SecretStr, ValidationError
from starlette.types import Message

from case_shared.process.heartbeats import Heartbeats
from case_shared.process.settings import HttpSettings
from case_shared.web.health import health_routes
from case_shared.web.http import ANSWERED_HEADERS, MAX_BODY_BYTES, create_app
from case_shared.web.limits import Limit
from case_shared.web.openapi import HEADERS, problem_responses
from case_shared.web.problems import COMMON, Problem
from tests.support.clocks import HandClock


class Contact(BaseModel):
    email: str


class Body(BaseModel):
    contact: Contact


DOCS = Path(__file__).parents[3] / "docs"
CLOCK = HandClock()
BEATS = Heartbeats(CLOCK)


async def down() -> bool:
    raise ConnectionRefusedError


def app(settings: HttpSettings | None = None) -> FastAPI:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    created = create_app("test", "test", lifespan, settings)
    created.include_router(health_routes(BEATS, {"database": down}))

    @created.post("/contacts")
    async def contacts(body: Body) -> Body:
        return body

    @created.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @created.get("/refused")
    async def refused() -> None:
        raise Problem(409, "not-a-draft", "Not a draft", "It was submitted.", headers={"X-Test": "1"})

    @created.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError("secret detail")

    return created


@pytest.fixture
def client() -> httpx2.AsyncClient:
    return client_of(app())


def client_of(served: FastAPI) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(served), base_url="http://test")


async def test_a_field_error_points_at_the_field(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/contacts", json={"contact": {}})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"pointer": "/contact/email", "detail": "Field required"}]


async def test_a_missing_body_is_named_as_such(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/contacts", headers={"Content-Type": "application/json"})
    detail = "The request has no body. Send JSON."
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"pointer": "", "detail": detail}])


@pytest.mark.parametrize("path", ["/contacts", "/raw"])
async def test_what_is_not_json_is_no_crash(client: httpx2.AsyncClient, path: str) -> None:
    answer = await client.post(path, content=b"\xff\x00")
    assert answer.status_code in {200, 422}


async def test_what_is_not_valid_json_is_named_with_its_place(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/contacts", content=b'{"contact": }', headers={"Content-Type": "application/json"})
    detail = "The body is not valid JSON: Expecting value at character 12."
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"pointer": "", "detail": detail}])


async def test_our_own_problem_is_reported_whole(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/refused")
    assert (answer.status_code, answer.headers["x-test"]) == (409, "1")
    assert answer.json()["type"] == "urn:casebridge:problem:not-a-draft"
    assert answer.json()["detail"] == "It was submitted."


async def test_a_crash_shows_no_detail(client: httpx2.AsyncClient) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    answer = await client.get("/broken", headers={"traceparent": f"00-{trace_id}-b7ad6b7169203331-01"})
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["type"].endswith("internal-error")
    assert answer.json()["trace_id"] == trace_id


async def test_a_client_that_leaves_while_it_sends_is_no_failure_of_ours() -> None:
    sent: list[Message] = []

    async def leaves() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/raw",
        "headers": [],
        "query_string": b"",
        "http_version": "1.1",
    }
    served = app()
    with structlog.testing.capture_logs() as logs:
        await served(scope, leaves, send)
    assert sent == []
    assert [(line["event"], line["log_level"]) for line in logs] == [("client_left", "info")]


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/contacts", 405)])
async def test_what_is_not_there_is_a_problem_too(
    client: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_load_balancers_may_probe_with_head(client: httpx2.AsyncClient, path: str) -> None:
    answers = {method: await client.request(method, path) for method in ("GET", "HEAD")}
    assert answers["HEAD"].status_code == answers["GET"].status_code != 405
    assert answers["HEAD"].headers["content-length"] == answers["GET"].headers["content-length"]
    assert path not in (await client.get("/openapi.json")).json()["paths"]


async def test_all_methods_of_an_address_are_reported() -> None:
    served = app()

    @served.get("/things/{thing}")
    async def get(thing: str) -> None: ...

    @served.delete("/things/{thing}")
    async def delete(thing: str) -> None: ...

    answer = await client_of(served).put("/things/one")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET")


async def test_a_body_over_the_limit_is_413(client: httpx2.AsyncClient) -> None:
    assert (await client.post("/raw", content=b"x" * MAX_BODY_BYTES)).status_code == 200
    assert (await client.post("/raw", content=b"x" * (MAX_BODY_BYTES + 1))).status_code == 413


@pytest.mark.parametrize("path", ["/contacts", "/raw"])
async def test_a_body_of_unknown_length_is_counted(client: httpx2.AsyncClient, path: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100_000

    answer = await client.post(path, content=chunks())
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:casebridge:problem:too-large")


WAYS = [
    ("GET", "/healthz", 200),
    ("GET", "/openapi.json", 200),
    ("GET", "/docs", 200),
    ("GET", "/nowhere", 404),
    ("PUT", "/contacts", 405),
    ("GET", "/refused", 409),
    ("POST", "/contacts", 422),
    ("GET", "/broken", 500),
]


@pytest.mark.parametrize(("method", "path", "status"), WAYS)
async def test_every_answer_has_the_security_headers(method: str, path: str, status: int) -> None:
    answer = await client_of(app(HttpSettings(hsts_seconds=600))).request(method, path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["strict-transport-security"] == "max-age=600; includeSubDomains"


async def test_a_body_that_is_too_large_has_them_too_and_hsts_is_off_by_default(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/raw", content=b"x" * (MAX_BODY_BYTES + 1))
    assert (answer.status_code, answer.headers["cache-control"]) == (413, "no-store")
    assert "strict-transport-security" not in answer.headers


async def test_no_other_origin_may_call_unless_it_is_named(client: httpx2.AsyncClient) -> None:
    origin = {"Origin": "https://portal.example"}
    assert "access-control-allow-origin" not in (await client.get("/healthz", headers=origin)).headers
    preflight = await client.options("/contacts", headers={**origin, "Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 405


CORS = HttpSettings(cors_origins="https://portal.example, https://other.example:8443")


@pytest.mark.parametrize(("method", "path", "status"), WAYS)
async def test_a_named_origin_may_call_and_read_every_answer(method: str, path: str, status: int) -> None:
    answer = await client_of(app(CORS)).request(method, path, headers={"Origin": "https://other.example:8443"})
    assert answer.status_code == status
    assert answer.headers["access-control-allow-origin"] == "https://other.example:8443"
    assert "access-control-allow-credentials" not in answer.headers
    exposed = answer.headers["access-control-expose-headers"]
    named = {"ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "Preference-Applied"}
    assert named <= set(exposed.split(", "))


async def test_every_header_of_a_refusal_is_readable_and_documented() -> None:
    limit = Limit("user", 1)
    limit.count("ann")
    with pytest.raises(Problem) as refused:
        limit.count("ann")
    sent = {*(refused.value.headers or {})}
    assert sent <= set(ANSWERED_HEADERS)
    assert sent <= set(HEADERS)
    assert sent == set(problem_responses(COMMON, ["too-many-requests"])[429]["headers"])


async def test_a_preflight_names_what_may_be_sent() -> None:
    wanted = "authorization, content-type, if-match, idempotency-key, prefer, last-event-id"
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": wanted}
    served = client_of(app(CORS))
    answer = await served.options("/contacts", headers={"Origin": "https://portal.example", **asked})
    assert answer.status_code == 200
    assert set(wanted.split(", ")) <= set(answer.headers["access-control-allow-headers"].lower().split(", "))
    refused = await served.options("/contacts", headers={"Origin": "https://evil.example", **asked})
    assert refused.status_code == 400
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("origins", ["portal.example", "https://portal.example/", "https://a.example,", "*, https://a"])
def test_origins_that_no_browser_sends_are_refused(origins: str) -> None:
    with pytest.raises(ValidationError):
        HttpSettings(cors_origins=origins)


async def test_the_docs_page_needs_nothing_from_elsewhere(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "script-src 'self';" in page.headers["content-security-policy"]
    references = re.findall(r'(?:href|src)="([^"]+)"', page.text)
    assert len(references) == 5
    for reference in references:
        answer = await client.get(f"/{reference}")
        assert (answer.status_code, answer.headers["x-content-type-options"]) == (200, "nosniff"), reference
        assert len(answer.content) > 100


async def test_the_page_names_the_topics_as_they_are_committed(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/asyncapi.json")
    assert answer.json() == json.loads((DOCS / "events/asyncapi.json").read_text(encoding="utf-8"))
    for document in (DOCS / "openapi").glob("*.json"):
        assert json.loads(document.read_text(encoding="utf-8"))["externalDocs"]["url"] == "asyncapi.json"


async def test_health_shows_which_loop_is_stuck(client: httpx2.AsyncClient) -> None:
    BEATS.expect("relay", within_seconds=10)
    assert (await client.get("/healthz")).status_code == 200
    CLOCK.seconds += 11
    answer = await client.get("/healthz")
    assert (answer.status_code, list(answer.json()["stuck_seconds"])) == (503, ["relay"])
    BEATS.beat("relay")
    assert (await client.get("/healthz")).status_code == 200


async def test_readiness_names_what_is_down(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"database": False})


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("10.0.0.7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ("127.0.0.1", {"Forwarded": "for=10.0.0.7"}, 404),
        ("10.0.0.7", {"Authorization": "Bearer scraper"}, 200),
        ("10.0.0.7", {"Authorization": "Bearer scrape"}, 404),
        ("127.0.0.1", {"Authorization": "Bearer \u00e9"}, 404),
    ],
)
async def test_metrics_are_for_this_machine_and_for_the_scraper(
    client: str, headers: dict[str, str], status: int
) -> None:
    scraped = FastAPI()
    scraped.include_router(health_routes(BEATS, {}, metrics_token=SecretStr("scraper")))
    transport = httpx2.ASGITransport(scraped, client=(client, 1))
    sent = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as caller:
        assert (await caller.get("/metrics", headers=sent)).status_code == status
