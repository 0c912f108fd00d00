"""The headers around every page."""

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from portal_web.web.protection import Protection


async def headers_of(app: ASGIApp) -> httpx2.Headers:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://portal") as browser:
        return (await browser.get("/")).headers


@pytest.mark.parametrize(("seconds", "sent"), [(0, None), (600, "max-age=600; includeSubDomains")])
async def test_browsers_insist_on_tls_for_as_long_as_is_set(seconds: int, sent: str | None) -> None:
    headers = await headers_of(Protection(Starlette(), "https://portal.example", hsts_seconds=seconds))
    assert headers.get("strict-transport-security") == sent
    assert "form-action 'self'" in headers["content-security-policy"]
