"""What a form has sent comes back, whatever fails before, while and after it is processed."""

import html
import re
from collections.abc import Callable

import asyncpg
import httpx2
import pytest

from case_shared.words.errors import Transient
from portal_web.app.choices import KnowingChoices
from portal_web.app.keep_session import KeepingSession
from portal_web.clients.rest import Problem
from portal_web.postgres.begun_store import PostgresBegunStore
from portal_web.postgres.session_store import PostgresSessionStore
from tests.integration.portal_web.conftest import CASES, Browser, Portal, address_of, hidden
from tests.integration.portal_web.test_case_form import cases
from tests.integration.portal_web.test_sessions import age

TYPED = "Typed for an hour."


async def send(browser: Browser, form: httpx2.Response) -> httpx2.Response:
    """Save a form with what was typed."""
    return await browser.send(form, address_of(form), follow=False, action="close", description=TYPED)


def failing(error: Exception) -> Callable[..., object]:
    """A method that fails."""

    async def fail(*_given: object, **_named: object) -> object:
        raise error

    return fail


async def opened_again(browser: Browser, failed: httpx2.Response) -> httpx2.Response:
    """Follow the link of a page that has kept a form."""
    link = re.search(r'href="([^"]+)">Open the form again', failed.text)
    assert link, failed.text
    return await browser.get(html.unescape(link[1]))


async def comes_back(portal: Portal, browser: Browser, failed: httpx2.Response) -> None:
    """Check that a form opens with what was typed, and that this can be saved."""
    back = await opened_again(browser, failed)
    assert f"{TYPED}</textarea>" in back.text
    assert "You had been signed out" not in back.text
    saved = await send(browser, back)
    assert saved.status_code == 303
    assert [row["description"] for row in await cases(portal)] == [TYPED]


async def test_an_api_that_is_away_after_the_tokens_were_renewed(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    await age(portal, dana)
    portal.api.away = True
    failed = await send(dana, form)
    assert failed.status_code == 503
    portal.api.away = False
    await comes_back(portal, dana, failed)


async def test_an_api_that_is_away_for_a_draft(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/{await dana.draft(description='first')}/edit")
    await age(portal, dana)
    portal.api.away = True
    failed = await send(dana, form)
    portal.api.away = False
    await comes_back(portal, dana, failed)


@pytest.mark.parametrize(
    ("place", "method", "error", "status"),
    [
        (KeepingSession, "find", Transient("the provider is away"), 503),
        (KeepingSession, "find", asyncpg.CannotConnectNowError("starting"), 503),
        (KeepingSession, "find", asyncpg.UndefinedTableError("gone"), 500),
        (PostgresBegunStore, "find", asyncpg.CannotConnectNowError("starting"), 503),
        (PostgresBegunStore, "find", asyncpg.UndefinedTableError("gone"), 500),
        (PostgresBegunStore, "find", ZeroDivisionError("a fault of ours"), 500),
    ],
)
async def test_whatever_fails(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch, place: type, method: str, error: Exception,
    status: int,
) -> None:  # fmt: skip
    form = await dana.get(f"{CASES}/new")
    with monkeypatch.context() as outage:
        outage.setattr(place, method, failing(error))
        failed = await send(dana, form)
    assert failed.status_code == status
    await comes_back(portal, dana, failed)


async def test_lists_that_are_refused_while_the_api_is_away(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = await dana.get(f"{CASES}/new")
    portal.api.away = True
    with monkeypatch.context() as outage:
        outage.setattr(KnowingChoices, "of", failing(Problem(403, {})))
        failed = await send(dana, form)
    portal.api.away = False
    await comes_back(portal, dana, failed)


async def test_a_database_that_is_away_keeps_nothing_so_the_page_itself_has_the_form(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = await dana.get(f"{CASES}/new")
    with monkeypatch.context() as outage:
        for method in ("find", "put_kept"):
            outage.setattr(PostgresSessionStore, method, failing(asyncpg.CannotConnectNowError("starting")))
        failed = await send(dana, form)
    assert failed.status_code == 503
    assert f'<form method="post" action="{address_of(form)}">' in failed.text
    again = await dana.http.post(address_of(form), data=hidden(failed.text))
    assert again.status_code == 303
    assert [row["description"] for row in await cases(portal)] == [TYPED]


async def test_a_script_s_form_is_still_on_its_page_and_not_kept(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    portal.api.away = True
    data = {**hidden(form.text), "description": TYPED, "action": "autosave"}
    failed = await dana.http.post(address_of(form), data=data, headers={"Accept": "application/json"})
    assert failed.status_code == 503
    assert "set-cookie" not in failed.headers
    async with portal.database.connect() as connection:
        assert await connection.fetchval("SELECT count(*) FROM portal_web.kept") == 0
