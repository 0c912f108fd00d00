"""What cannot be undone asks operators to sign in again, where the portal is set so."""

import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from fastapi import FastAPI

from portal_web.domain.secret import Secret
from portal_web.domain.session import Session
from tests.integration.d365_sync.conftest import Queue
from tests.integration.portal_web.conftest import Browser, Portal, address_of
from tests.integration.portal_web.console.test_refusals import two_types
from tests.integration.portal_web.test_sessions import COOKIE, end, page_of, sign_in_again

CONFIRM = "Confirm your identity"
EDITED: dict[str, Any] = {"category": "Complaint", "category_type": "Service", "description": "typed for an hour"}


@pytest_asyncio.fixture
async def strict(portal: Portal) -> AsyncIterator[Portal]:
    """A portal that wants a sign-in of the last five minutes."""
    app = portal.app.app
    assert isinstance(app, FastAPI)
    context = app.state.context
    app.state.context = replace(context, settings=context.settings.model_copy(update={"step_up_minutes": 5}))
    yield portal
    app.state.context = context


async def age(portal: Portal, browser: Browser, minutes: float) -> None:
    """Let the sign-in of this browser be so old."""
    secret = Secret(browser.http.cookies[COOKIE])
    stored = await portal.context.store.find(secret.id)
    assert stored
    session = Session.model_validate_json(secret.open(stored.content) or b"")
    assert session.signed_in_at
    old = session.model_copy(update={"signed_in_at": portal.context.clock.now() - timedelta(minutes=minutes)})
    content = secret.seal(old.model_dump_json().encode())
    assert await portal.context.store.replace(secret.id, content, stored.version, secret.form_key_id)


async def state(queue: Queue, document: str) -> str:
    return str(
        await queue.pool.fetchval(
            "SELECT state FROM documents WHERE concat(web_case_id, '-', submission_no) = $1", document
        )
    )


async def test_a_page_of_what_cannot_be_undone_leads_to_the_provider_and_back(
    strict: Portal, olga: Browser, dead_letter: str
) -> None:
    address = f"/console/documents/{dead_letter}/return"
    assert (await olga.http.get(address)).status_code == 200, "she has just signed in"
    await age(strict, olga, 6)
    assert (await olga.http.get(f"/console/documents/{dead_letter}/discard")).status_code == 200, "it can be restored"
    sent = await olga.http.get(address)
    assert sent.status_code == 303
    assert "max_age=300" in sent.headers["location"]
    assert address_of(await olga.at_provider(sent, "olga")) == address


async def test_a_form_that_comes_too_late_does_nothing_and_comes_back_after_the_sign_in(
    strict: Portal, queue: Queue, olga: Browser, dead_letter: str
) -> None:
    address = f"/console/documents/{dead_letter}/return"
    form = await olga.get(address)
    await age(strict, olga, 6)
    asked = await olga.send(form, address, reason="asked on the phone")
    assert asked.status_code == 403
    assert CONFIRM in asked.text
    assert await state(queue, dead_letter) == "failed"
    back = await olga.at_provider(sign_in_again(asked), "olga")
    assert page_of(back) == address
    assert "asked on the phone" in back.text
    assert (await olga.send(back, address, reason="asked on the phone")).status_code == 200
    assert await state(queue, dead_letter) == "returned"


async def too_late(portal: Portal, browser: Browser) -> None:
    """Let the sign-in be too old for what cannot be undone."""
    await age(portal, browser, 6)


async def signed_out(portal: Portal, _browser: Browser) -> None:
    """End the session."""
    await end(portal)


@pytest.mark.parametrize("happens", [too_late, signed_out])
async def test_an_edited_payload_comes_back_each_time(
    strict: Portal, olga: Browser, dead_letter: str, happens: Callable[[Portal, Browser], Awaitable[None]]
) -> None:
    address = f"/console/documents/{dead_letter}/edit?group_cause=rejected"
    form = await olga.get(address)
    for _ in range(3):
        difference = await olga.send(form, action_of(form), **EDITED)
        await happens(strict, olga)
        asked = await olga.send(difference, action_of(difference), **EDITED, reason="as the dealer said")
        form = await olga.at_provider(sign_in_again(asked), "olga")
        assert page_of(form) == address
        assert "typed for an hour</textarea>" in form.text
        assert 'name="reason" value="as the dealer said"' in form.text

    difference = await olga.send(form, action_of(form), **EDITED)
    done = await olga.send(difference, action_of(difference), **EDITED, reason="as the dealer said")
    assert page_of(done) == f"/console/documents/{dead_letter}?group_cause=rejected"
    assert "Your entries are back" not in (await olga.get(address_of(form))).text, "it has done its work"


async def test_a_payload_that_the_api_refused_comes_back_too(
    portal: Portal, queue: Queue, olga: Browser, dead_letter: str
) -> None:
    await two_types(queue)
    edited = {**EDITED, "category_type": ""}
    address = f"/console/documents/{dead_letter}/edit"
    difference = await olga.send(await olga.get(address), address, **edited)
    refused = await olga.send(difference, action_of(difference), **edited, reason="as the dealer said")
    assert refused.status_code == 422
    await end(portal)

    asked = await olga.send(refused, action_of(refused), **edited)
    back = await olga.at_provider(sign_in_again(asked), "olga")

    assert (back.status_code, page_of(back)) == (200, address)
    assert "typed for an hour</textarea>" in back.text


def action_of(page: httpx2.Response) -> str:
    """Where the form for the payload, or the one for its difference, is sent."""
    (action,) = re.findall(r'action="(/console/documents/[^"]+/edit[^"]*)" class', page.text)
    return html.unescape(action)


@pytest.mark.parametrize(
    "path",
    [
        "/console/documents/{}/replay",
        "/console/documents/{}/link?case_id=CASE-1",
        "/console/replays/00000000-0000-0000-0000-000000000000/for-real",
    ],
)
async def test_every_page_of_what_cannot_be_undone_asks(
    strict: Portal, olga: Browser, dead_letter: str, path: str
) -> None:
    await age(strict, olga, 6)
    assert "max_age=" in (await olga.http.get(path.format(dead_letter))).headers.get("location", "")


async def test_the_environment_is_adopted_by_who_has_just_signed_in(strict: Portal, olga: Browser) -> None:
    form = await olga.get("/console/delivery")
    await age(strict, olga, 6)
    assert CONFIRM in (await olga.send(form, "/console/delivery/adopt", reason="x")).text
    assert CONFIRM not in (await olga.send(form, "/console/delivery/pause", reason="x")).text


async def test_a_provider_that_ignores_it_signs_nobody_in(
    strict: Portal, olga: Browser, dead_letter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider: Any = strict.context.sessions.provider
    exchange = provider.exchange
    for at in (strict.context.clock.now() - timedelta(hours=1), None):

        async def ignoring(*given: Any, at: Any = at) -> Any:
            return replace(await exchange(*given), at=at)

        await age(strict, olga, 6)
        sent = await olga.http.get(f"/console/documents/{dead_letter}/return")
        with monkeypatch.context() as patched:
            patched.setattr(provider, "exchange", ignoring)
            arrived = await olga.at_provider(sent, "olga")
        assert (arrived.status_code, "did not ask for one" in arrived.text) == (400, True)
        assert "max_age=" in (await olga.http.get(f"/console/documents/{dead_letter}/return")).headers["location"]


async def test_nothing_is_asked_where_it_is_not_set(portal: Portal, olga: Browser, dead_letter: str) -> None:
    await age(portal, olga, 600)
    assert (await olga.http.get(f"/console/documents/{dead_letter}/return")).status_code == 200
