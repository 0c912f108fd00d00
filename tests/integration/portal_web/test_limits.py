"""Nobody can block the portal for others: with too many requests, or with too much to store."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from case_shared.web.http import MAX_BODY_BYTES
from case_shared.web.limits import Limit
from portal_web.web.context import PageLimits
from portal_web.web.limits import MOST_FORM_BYTES
from tests.integration.portal_web.conftest import CASES, PORTAL, Browser, Portal, hidden
from tests.integration.portal_web.test_sessions import COOKIE
from tests.support.clocks import clock_of_limits
from tests.support.databases import Database
from tests.support.patience import PATIENCE
from tests.support.processes import free_port, running


def limit(portal: Portal, user: int = 0, address: int = 0) -> None:
    """Set the limits in pages per minute."""
    app = portal.app.app
    assert isinstance(app, FastAPI)
    limits = PageLimits(Limit("user", user), Limit("address", address))
    app.state.context = replace(app.state.context, limits=limits)


async def test_who_is_not_signed_in_is_limited_by_address_and_no_user_with_them(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock_of_limits(monkeypatch)
    limit(portal, address=5)
    async with portal.browser() as nobody:
        nobody.http.cookies.set(COOKIE, "made-up", domain="127.0.0.1")
        german = {"Accept-Language": "de"}
        paths = ["/", "/sign-in", CASES, "/sign-in/done?state=x", "/preferences", "/", "/sign-in"]
        statuses = [(await nobody.http.get(path, headers=german)).status_code for path in paths]
        assert 429 not in statuses[:5]
        assert statuses[5:] == [429, 429]
        page = await nobody.http.get("/", headers=german)
        assert int(page.headers["retry-after"]) > 0
        assert "Zu viele Anfragen" in page.text
        posted = await nobody.http.post("/preferences", data={"language": "de"})
        assert posted.status_code == 429
    assert (await dana.get(CASES)).status_code == 200


async def test_one_user_s_pages_are_limited_and_nobody_else_s(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with portal.browser() as theo:
        await theo.sign_in("theo", CASES)
        clock_of_limits(monkeypatch)
        limit(portal, user=3)
        assert [(await dana.http.get(CASES)).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        assert (await theo.http.get(CASES)).status_code == 200


async def test_a_hundred_anonymous_posts_store_nothing(portal: Portal, dana: Browser) -> None:
    form = hidden((await dana.get(f"{CASES}/new")).text)
    limit(portal, address=30)
    async with portal.browser() as nobody:
        for number in range(40):
            fields = {**form, "token": f"{number:088d}", "notes": "x" * 19_000, "page": f"/{number}"}
            answer = await nobody.http.post(f"{CASES}/new", data=fields)
            assert answer.status_code in {401, 429}
        too_long = await nobody.http.post(f"{CASES}/new", content=b"x=" + b"y" * MOST_FORM_BYTES)
        assert too_long.status_code in {413, 429}
    async with portal.database.connect() as connection:
        assert await connection.fetchval("SELECT count(*) FROM portal_web.kept") == 0


async def test_a_form_that_is_too_long_is_refused_with_words(dana: Browser) -> None:
    answer = await dana.http.post(f"{CASES}/new", content=b"x=" + b"y" * MOST_FORM_BYTES)
    assert answer.status_code == 413
    assert "This is too long" in answer.text


async def test_a_body_that_nobody_reads_is_refused_by_a_page(dana: Browser) -> None:
    body = b"x=" + b"y" * MAX_BODY_BYTES
    sent = {"Accept-Language": "de", "Referer": f"{PORTAL}{CASES}/new?key=1"}
    page = await dana.http.post(f"{CASES}/new", content=body, headers=sent)
    assert (page.status_code, page.headers["content-type"]) == (413, "text/html; charset=utf-8")
    assert "Das ist zu lang" in page.text
    assert f'href="{CASES}/new?key=1">Seite noch einmal öffnen' in page.text
    assert "content-security-policy" in page.headers
    by_script = await dana.http.post(f"{CASES}/new", content=body, headers={"Accept": "application/json"})
    assert (by_script.status_code, "too long" in by_script.json()["message"]) == (413, True)


async def test_a_visitor_is_known_by_the_header_of_a_trusted_proxy_alone(
    database: Database, issuer: str, tmp_path: Path
) -> None:
    """Real processes, with two visitors behind one proxy; a header from the visitor precedes the proxy's."""
    trusting, not_trusting = await asyncio.gather(
        *(statuses(database, issuer, tmp_path, trusted) for trusted in ("127.0.0.1", ""))
    )
    assert (trusting, not_trusting) == ([200, 200, 429, 200], [200, 200, 429, 429])


async def statuses(database: Database, issuer: str, folder: Path, trusted: str) -> list[int]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "DATABASE_URL": database.url("portal_web"),
        "OIDC_ISSUER": issuer,
        "PUBLIC_URL": url,
        "CASE_API_URL": "http://127.0.0.1:9",
        "PORT": str(port),
        "RATE_LIMIT_ADDRESS_PER_MINUTE": "2",
        "TRUSTED_PROXIES": trusted,
    }
    log = folder / f"portal-web-{port}.log"
    async with running("portal_web", "serve", environment=environment, url=url, log=log, ready="/healthz"):
        sent = ("192.0.2.1", "198.51.100.7, 192.0.2.1", "198.51.100.8, 192.0.2.1", "192.0.2.2")
        async with httpx2.AsyncClient(base_url=url, timeout=5 * PATIENCE) as proxy:
            return [(await proxy.get("/", headers={"X-Forwarded-For": one})).status_code for one in sent]
