"""A renewal of tokens under way: nothing that happens meanwhile loses the new ones, or sends the old ones again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from case_shared.words.errors import Transient
from portal_web.app import keep_session
from portal_web.app.ports import Marks
from portal_web.domain.errors import SessionEnded, SignInFailed
from portal_web.domain.secret import Secret
from portal_web.domain.session import Dealer, Session, Tokens
from tests.integration.portal_web.conftest import Browser, Portal
from tests.integration.portal_web.test_sessions import COOKIE, age

DEALERS = (Dealer(dealer="usmf-us-001", name="Contoso"),)


@dataclass
class Slow:
    """A provider's renewal that waits for `answer`."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)
    given: list[Tokens] = field(default_factory=list)
    times: int = 0


@asynccontextmanager
async def renewing(
    portal: Portal, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Slow, asyncio.Task[Session]]]:
    """A renewal of the browser's session, which the provider has not answered yet."""
    await age(portal, browser)
    sessions, slow = portal.context.sessions, Slow()
    renew = sessions.provider.renew

    async def waiting(tokens: Tokens) -> Tokens:
        slow.times += 1
        slow.asked.set()
        await slow.answer.wait()
        slow.given.append(await renew(tokens))
        return slow.given[-1]

    monkeypatch.setattr(sessions.provider, "renew", waiting)
    task = asyncio.create_task(sessions.find(secret_of(browser)))
    await slow.asked.wait()
    yield slow, task
    slow.answer.set()
    await asyncio.gather(task, return_exceptions=True)


def secret_of(browser: Browser) -> Secret:
    return Secret(browser.http.cookies[COOKIE])


async def test_dealers_remembered_meanwhile_let_no_other_request_renew(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions, secret = portal.context.sessions, secret_of(dana)
    async with renewing(portal, dana, monkeypatch) as (slow, first):
        await sessions.remember_dealers(secret, DEALERS)
        stored = await portal.context.store.find(secret.id)
        assert stored
        assert not await portal.context.store.claim_renewal(secret.id, stored.version)
        slow.answer.set()
        renewed = await first
        assert (await sessions.find(secret)).tokens == renewed.tokens
        assert slow.times == 1
    await sessions.remember_dealers(secret, DEALERS)
    assert (await sessions.find(secret)).dealers == DEALERS, "afterwards they are remembered"


async def test_a_session_that_changes_meanwhile_gets_the_new_tokens(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with renewing(portal, dana, monkeypatch) as (slow, first):
        async with portal.database.connect() as connection:
            await connection.execute("UPDATE portal_web.sessions SET version = version + 1")
        slow.answer.set()
        renewed = await first
        assert (await portal.context.sessions.find(secret_of(dana))).tokens == renewed.tokens
        assert slow.times == 1


async def test_a_sign_in_meanwhile_has_the_newer_tokens(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with renewing(portal, dana, monkeypatch) as (slow, first):
        store, secret = portal.context.store, secret_of(dana)
        stored = await store.find(secret.id)
        assert stored
        before = Session.model_validate_json(secret.open(stored.content) or b"")
        ends = portal.context.clock.now() + timedelta(minutes=5)
        newest = before.tokens.model_copy(update={"access_token": "newest", "expires_at": ends})
        content = secret.seal(before.model_copy(update={"tokens": newest}).model_dump_json().encode())
        await store.put(secret.id, content, 8, secret.form_key_id, Marks.of("dana", None))
        slow.answer.set()
        assert (await first).tokens == newest
        assert (await portal.context.sessions.find(secret)).tokens == newest


async def test_a_session_that_ends_meanwhile_does_not_come_back(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with renewing(portal, dana, monkeypatch) as (slow, first):
        await portal.context.store.delete(secret_of(dana).id)
        slow.answer.set()
        with pytest.raises(SessionEnded):
            await first
    assert await portal.context.store.find(secret_of(dana).id) is None
    monkeypatch.undo()
    with pytest.raises(SignInFailed):
        await portal.context.sessions.provider.renew(slow.given[-1])


async def test_a_renewal_gives_up_before_another_request_may_begin_one(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_session, "_RENEWAL_SECONDS", 0.01)
    async with renewing(portal, dana, monkeypatch) as (_, first):
        with pytest.raises(Transient):
            await first
    monkeypatch.undo()
    assert (await portal.context.sessions.find(secret_of(dana))).tokens.expires_at > datetime.now(UTC)


async def test_a_token_that_still_works_is_used_while_the_provider_does_not_renew_it(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = portal.context.sessions
    await age(portal, dana, timedelta(seconds=30))
    asked = 0

    async def busy(_tokens: Tokens) -> Tokens:
        nonlocal asked
        asked += 1
        raise Transient("too_many_requests")

    monkeypatch.setattr(sessions.provider, "renew", busy)
    for _ in range(3):
        assert (await dana.http.get("/preferences")).status_code == 200
    assert asked == 1, "not by each page"
