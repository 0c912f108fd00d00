"""A sign-in that the provider refuses: its own words lead whoever sets it up to the cause."""

import re

import httpx2
import pytest
from structlog.testing import capture_logs

from tests.integration.portal_web.conftest import CASES, Browser, Portal

REFUSED = "Your identity provider refused the sign-in"


async def begun(browser: Browser) -> str:
    """The state of a sign-in that this browser has begun."""
    state = re.search(r"state=([^&]+)", (await browser.http.get("/sign-in")).headers["location"])
    assert state
    return state[1]


async def answered(browser: Browser, **answer: str) -> httpx2.Response:
    return await browser.http.get("/sign-in/done", params=answer)


def said_by(page: httpx2.Response) -> str:
    """What the page says; its links have its own address, with whatever is in there."""
    return page.text.partition('<section class="door">')[2].partition("</section>")[0]


async def test_what_the_provider_says_is_shown_and_logged(portal: Portal) -> None:
    async with portal.browser() as browser:
        said = "AADSTS50105: <b>dana</b> is not\r\nassigned to\x00 a role."
        with capture_logs() as logs:
            page = await answered(
                browser, state=await begun(browser), error="access_denied", error_description=said + "x" * 2000
            )
        assert page.status_code == 400
        assert REFUSED in page.text
        assert (
            "<code>access_denied</code> AADSTS50105: &lt;b&gt;dana&lt;/b&gt; is not assigned to a role.x" in page.text
        )
        assert "x" * 1000 not in said_by(page), "no page is longer than it must be"
        (line,) = [line for line in logs if line["event"] == "sign_in_failed"]
        assert line["provider"].startswith("access_denied: AADSTS50105: <b>dana</b> is not assigned to a role.")


async def test_what_its_token_endpoint_says_is_shown_and_logged(portal: Portal) -> None:
    async with portal.browser() as browser:
        with capture_logs() as logs:
            page = await answered(browser, state=await begun(browser), code="made-up")
        assert "<code>invalid_grant</code>" in page.text
        (line,) = [line for line in logs if line["event"] == "sign_in_failed"]
        assert line["provider"].startswith("invalid_grant")


async def test_nobody_else_s_words_are_shown(portal: Portal) -> None:
    """Anybody can make a link to this page: only the provider knows the state of a sign-in."""
    async with portal.browser() as browser:
        await begun(browser)
        page = await answered(browser, state="x" * 43, error="call_us", error_description="Call +1 555 0100")
        assert page.status_code == 400
        assert "555" not in said_by(page)
        assert "call_us" not in said_by(page)


async def test_a_refusal_is_shown_to_who_is_signed_in_already_but_not_a_second_click(
    portal: Portal, dana: Browser
) -> None:
    refused = await answered(dana, state=await begun(dana), error="login_required")
    assert "login_required" in refused.text
    state = await begun(dana)
    again = await answered(dana, state=state, code="used-already")
    assert (again.status_code, again.headers["location"]) == (303, "/")


@pytest.mark.parametrize("path", ["/sign-in/done", "/sign-in/done?state=x&error=", f"{CASES}?error=access_denied"])
async def test_an_answer_to_nothing_says_nothing(portal: Portal, path: str) -> None:
    async with portal.browser() as browser:
        assert REFUSED not in (await browser.http.get(path)).text
