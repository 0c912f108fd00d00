"""The audit, as a page and as CSV."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.integration.portal_web.conftest import PORTAL, Browser, Portal


class BreaksOff(httpx2.AsyncBaseTransport):
    """An API whose answer ends in the middle."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer half."""

        async def half() -> AsyncIterator[bytes]:
            yield b"at,actor\n"
            raise httpx2.ReadError("cut", request=request)

        return httpx2.Response(200, content=half(), request=request)


async def test_half_an_export_does_not_look_like_a_whole_one(
    portal: Portal, olga: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal.api, "to", BreaksOff())
    server = httpx2.ASGITransport(app=portal.app.app)
    async with httpx2.AsyncClient(transport=server, base_url=PORTAL, cookies=olga.http.cookies) as browser:
        with pytest.raises(httpx2.ReadError):
            await browser.get("/console/audit.csv")


async def test_an_erasure_names_its_case(portal: Portal, olga: Browser) -> None:
    async with portal.database.connect() as connection:
        await connection.execute(
            "INSERT INTO d365_sync.audit (actor, action, reason, web_case_id, fields)"
            " VALUES ('olga', 'erase', 'asked for', 'W0000000BX', '{notes}')"
        )
    assert "W0000000BX" in (await olga.get("/console/audit")).text


@pytest.mark.parametrize("document", ["nonsense", "W0000000BX", "x" * 60])
@pytest.mark.parametrize("path", ["/console/audit", "/console/audit.csv"])
async def test_what_is_no_document_id_is_said_beside_the_filters(olga: Browser, path: str, document: str) -> None:
    page = await olga.get(path, params={"document": document, "actor": "olga"})

    assert (page.status_code, "No document has this ID." in page.text) == (422, True)
    assert f'name="document" value="{document}"' in page.text
    assert 'name="actor" value="olga"' in page.text
    assert "<tbody>" not in page.text


async def test_another_wrong_filter_of_the_audit_is_not_blamed_on_the_document(olga: Browser) -> None:
    page = await olga.get("/console/audit", params={"replay": "nonsense"})

    assert (page.status_code, "No document has this ID." in page.text) == (422, False)
