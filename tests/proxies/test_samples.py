"""What a proxy must let through, keep back and hide, and that nobody notices a rolling restart."""

import asyncio
from collections import Counter

import httpx2
import pytest

from tests.integration.portal_web.conftest import Browser
from tests.proxies.conftest import NAMES, PER_ADDRESS, Front
from tests.support.stack import DEALER_SCOPES, OPERATOR_SCOPES

pytestmark = pytest.mark.timeout(300)
CASES = "/dealers/usmf-us-001/cases"
# Until a proxy sends requests to a replica that has come back (deploy/proxies/README.md).
SEEN_SECONDS = 3


def bearer(front: Front, name: str) -> dict[str, str]:
    dealer = name == "case-api"
    token = front.stack.token(
        "dora" if dealer else "oscar",
        DEALER_SCOPES if dealer else OPERATOR_SCOPES,
        *(["usmf-us-001"] if dealer else []),
    )
    return {"Authorization": f"Bearer {token}"}


async def test_a_dealer_signs_in_and_sees_changes_at_once(front: Front) -> None:
    async with front.client("portal-web", "127.0.0.2") as http:
        http.headers["Origin"] = front.urls["portal-web"]
        arrived = await Browser(http).sign_in("dana", CASES)
        assert (arrived.status_code, str(arrived.url)) == (200, front.urls["portal-web"] + CASES)
        async with asyncio.timeout(5), http.stream("GET", f"{CASES}/stream") as answer:
            assert answer.status_code == 200
            assert (await anext(answer.aiter_bytes())).startswith(b": here")


async def test_the_apis_answer_by_their_names_and_streams_are_not_kept_back(front: Front) -> None:
    async with front.client("case-api") as http:
        dealers = await http.get("/v1/dealers", headers=bearer(front, "case-api"))
        assert [one["dealer"] for one in dealers.json()["items"]] == ["usmf-us-001"]
        stream = "/v1/dealers/usmf-us-001/cases/stream"
        async with asyncio.timeout(20), http.stream("GET", stream, headers=bearer(front, "case-api")) as answer:
            assert answer.status_code == 200
            assert await anext(answer.aiter_bytes())
    async with front.client("d365-sync") as http:
        assert (await http.get("/v1/documents", headers=bearer(front, "d365-sync"))).status_code == 200


# A service decodes a path before it looks for the route.
@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/%6detrics", "/he%61lthz", "/%72eadyz"])
@pytest.mark.parametrize("name", NAMES)
async def test_metrics_and_probes_are_not_public(front: Front, name: str, path: str) -> None:
    async with front.client(name) as http:
        assert (await http.get(path)).status_code == 404


async def test_headers_and_bodies_have_the_services_limits(front: Front) -> None:
    async with front.client("case-api") as http:
        token = bearer(front, "case-api")
        assert (await http.get("/v1/dealers", headers={**token, "X-Filler": "x" * 24 * 1024})).status_code == 200
        assert (await http.get("/v1/dealers", headers={**token, "X-Filler": "x" * 70 * 1024})).status_code >= 400
        body = b'{"description": "' + b"x" * 1_500_000 + b'"}'
        path = "/v1/dealers/usmf-us-001/cases"
        answer = await http.post(path, content=body, headers={**token, "Content-Type": "application/json"})
        assert answer.status_code == 413


async def test_visitors_are_distinguished_by_the_address_that_the_proxy_sees(front: Front) -> None:
    async with front.client("portal-web", "127.0.0.3") as greedy, front.client("portal-web", "127.0.0.4") as other:
        statuses = [(await greedy.get("/")).status_code for _ in range(2 * PER_ADDRESS + 20)]
        assert 429 in statuses
        pretending = {"X-Forwarded-For": "192.0.2.1"}
        assert 429 in {(await greedy.get("/", headers=pretending)).status_code for _ in range(4)}
        assert (await other.get("/")).status_code == 200


async def test_nobody_notices_a_rolling_restart(front: Front) -> None:
    stopping = asyncio.Event()
    seen: Counter[str] = Counter()
    async with front.client("portal-web", "127.0.0.5") as portal, front.client("case-api") as api:
        portal.headers["Origin"] = front.urls["portal-web"]
        assert (await Browser(portal).sign_in("theo", CASES)).status_code == 200
        asking = [
            asyncio.create_task(keep_asking(portal, CASES, {}, seen, stopping)),
            asyncio.create_task(keep_asking(api, "/v1/dealers", bearer(front, "case-api"), seen, stopping)),
        ]
        for name in ("portal-web", "case-api"):
            for replica in front.replicas[name]:
                await replica.stop()
                replica.start()
                await replica.ready()
                await asyncio.sleep(SEEN_SECONDS)
        stopping.set()
        await asyncio.gather(*asking)
    assert set(seen) == {f"{CASES} 200", "/v1/dealers 200"}, seen
    assert all(count > 20 for count in seen.values()), seen


async def keep_asking(
    http: httpx2.AsyncClient, path: str, headers: dict[str, str], seen: Counter[str], stopping: asyncio.Event
) -> None:
    """Ask again and again, five times a second, and count what came."""
    while not stopping.is_set():
        try:
            seen[f"{path} {(await http.get(path, headers=headers)).status_code}"] += 1
        except httpx2.TransportError as error:
            seen[f"{path} {error!r}"] += 1
        await asyncio.sleep(0.2)
