"""How sessions end: by doing nothing, everywhere at once, by another sign-in, and by the provider's word."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt

from casebridge.oidc.keys import ALGORITHM, load_key
from portal_web.app.ports import Marks
from portal_web.clients.provider import LOGOUT_EVENT
from portal_web.domain.errors import SignInFailed
from portal_web.domain.secret import Secret
from portal_web.web.protection import BACK_CHANNEL
from tests.integration.portal_web.conftest import CASES, Browser, Portal, address_of, hidden
from tests.integration.portal_web.test_sessions import COOKIE, age, sign_in_again
from tests.unit.case_shared.test_auth import encoded

POLL = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Accept": "*/*"}
VISIT = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


async def rest(portal: Portal, minutes: float) -> None:
    """Let nobody have done anything for so long."""
    async with portal.database.connect() as connection:
        await connection.execute(
            "UPDATE portal_web.sessions SET used_at = now() - $1::interval", timedelta(minutes=minutes)
        )


async def used(portal: Portal) -> bool:
    """Whether somebody has just done something."""
    async with portal.database.connect() as connection:
        return bool(
            await connection.fetchval("SELECT max(used_at) > now() - interval '1 minute' FROM portal_web.sessions")
        )


async def is_in(browser: Browser) -> bool:
    return (await browser.http.get(CASES, headers=POLL)).status_code == 200


async def sessions(portal: Portal) -> int:
    async with portal.database.connect() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM portal_web.sessions"))


async def test_a_session_that_nobody_uses_ends_and_a_page_that_asks_for_news_is_no_use(
    portal: Portal, dana: Browser
) -> None:
    await rest(portal, 239)
    assert await is_in(dana)
    assert not await used(portal)
    assert (await dana.http.get(CASES, headers=VISIT)).status_code == 200
    assert await used(portal)
    await rest(portal, 241)
    assert not await is_in(dana)
    await portal.context.store.delete_expired()
    assert await sessions(portal) == 0


async def test_a_form_and_a_search_are_use(portal: Portal, dana: Browser) -> None:
    page = await dana.get(f"{CASES}/new")
    await rest(portal, 30)
    await dana.send(page, str(page.url.path), action="close", description="typed")
    assert await used(portal)
    await rest(portal, 30)
    await dana.http.get(f"{CASES}?q=x", headers={"HX-Request": "true", **POLL})
    assert await used(portal)


async def test_a_user_signs_out_everywhere_and_nobody_else_with_them(portal: Portal, dana: Browser) -> None:
    async with portal.browser() as elsewhere, portal.browser() as theo:
        await elsewhere.sign_in("dana", CASES)
        await theo.sign_in("theo", CASES)
        page = await dana.get("/preferences")
        left = await dana.send(page, "/sign-out/everywhere")
        assert "/end_session?" in left.text
        assert not await is_in(dana)
        assert not await is_in(elsewhere)
        assert await is_in(theo)


async def test_another_user_s_sign_in_ends_the_browser_s_session(portal: Portal, dana: Browser) -> None:
    old = Secret(dana.http.cookies[COOKIE])
    before = await portal.context.sessions.find(old)
    await dana.sign_in("theo", CASES)
    assert await portal.context.store.find(old.id) is None
    assert await sessions(portal) == 1
    with pytest.raises(SignInFailed):
        await portal.context.sessions.provider.renew(before.tokens)


@pytest.mark.parametrize("path", ["/sign-out", "/sign-out/everywhere"])
async def test_a_page_from_before_a_new_sign_in_signs_out(portal: Portal, dana: Browser, path: str) -> None:
    page = await dana.get("/preferences")
    await portal.context.store.delete(Secret(dana.http.cookies[COOKIE]).id)
    await dana.sign_in("dana", CASES)
    left = await dana.send(page, path)
    assert "/end_session?" in left.text
    assert "id_token_hint" in left.text
    assert COOKIE not in dana.http.cookies
    assert await sessions(portal) == 0


async def test_who_signs_out_after_the_session_s_end_leaves_the_provider_too(portal: Portal, dana: Browser) -> None:
    page = await dana.get("/preferences")
    await portal.context.store.delete(Secret(dana.http.cookies[COOKIE]).id)
    left = await dana.send(page, "/sign-out")
    assert left.status_code == 200
    assert "/end_session?" in left.text
    assert "id_token_hint" not in left.text
    assert COOKIE not in dana.http.cookies


async def test_a_session_that_cannot_be_renewed_now_is_in_nobody_s_way(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = await dana.get("/preferences")
    await age(portal, dana)
    token_endpoint = "http://127.0.0.1:9/token"
    provider: Any = portal.context.sessions.provider
    monkeypatch.setitem(await provider._discovery(), "token_endpoint", token_endpoint)
    assert (await dana.get(CASES)).status_code == 503
    assert (await dana.http.get("/sign-in")).status_code == 303
    assert (await dana.send(page, "/sign-out")).status_code == 200
    assert await sessions(portal) == 0


async def test_no_other_site_signs_anybody_out(portal: Portal, dana: Browser) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await dana.http.post("/sign-out", headers=headers)).status_code == 403
    assert await is_in(dana)


async def test_signing_out_leaves_no_token_that_works(portal: Portal, dana: Browser) -> None:
    session = await portal.context.sessions.find(Secret(dana.http.cookies[COOKIE]))
    await dana.send(await dana.get(f"{CASES}/new"), "/sign-out")
    with pytest.raises(SignInFailed):
        await portal.context.sessions.provider.renew(session.tokens)


async def test_a_provider_that_is_away_keeps_nobody_signed_in(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider: Any = portal.context.sessions.provider
    monkeypatch.setitem(await provider._discovery(), "revocation_endpoint", "http://127.0.0.1:9/revoke")
    left = await dana.send(await dana.get(f"{CASES}/new"), "/sign-out")
    assert left.status_code == 200
    assert await sessions(portal) == 0


def logout_token(portal: Portal, folder: Path, kind: str = "logout+jwt", **claims: Any) -> str:
    """What the provider would send; a claim that is None is left out."""
    settings, key = portal.context.settings, load_key(folder)
    now = int(portal.context.clock.now().timestamp())
    content = {
        "iss": settings.oidc_issuer, "aud": settings.oidc_client_id, "iat": now, "exp": now + 120, "jti": "j",
        "sub": "dana", "events": {LOGOUT_EVENT: {}}, **claims,
    }  # fmt: skip
    content = {name: value for name, value in content.items() if value is not None}
    return jwt.encode({"alg": ALGORITHM, "typ": kind, "kid": key.kid}, content, key)


async def back_channel_status(portal: Portal, token: str) -> int:
    """The status that the provider gets."""
    async with portal.browser() as provider:
        provider.http.headers.pop("Origin")
        return (await provider.http.post(BACK_CHANNEL, data={"logout_token": token})).status_code


async def test_who_signs_out_at_the_provider_is_signed_out_here(
    portal: Portal, dana: Browser, issuer_folder: Path
) -> None:
    async with portal.browser() as theo:
        await theo.sign_in("theo", CASES)
        assert await back_channel_status(portal, logout_token(portal, issuer_folder)) == 200
        assert not await is_in(dana)
        assert await is_in(theo)


async def test_one_session_of_the_provider_ends_alone(portal: Portal, dana: Browser, issuer_folder: Path) -> None:
    async with portal.browser() as elsewhere:
        await elsewhere.sign_in("dana", CASES)
        async with portal.database.connect() as connection:
            await connection.execute(
                "UPDATE portal_web.sessions SET provider_session = $2 WHERE id = $1",
                Secret(dana.http.cookies[COOKIE]).id,
                Marks.of("dana", "s-1").provider_session,
            )
        assert await back_channel_status(portal, logout_token(portal, issuer_folder, sid="s-1")) == 200
        assert not await is_in(dana)
        assert await is_in(elsewhere)


@pytest.mark.parametrize(
    ("kind", "claims"),
    [
        ("at+jwt", {}),
        ("logout+jwt", {"aud": "another-client"}),
        ("logout+jwt", {"iss": "https://elsewhere.example"}),
        ("logout+jwt", {"events": None}),
        ("logout+jwt", {"events": {"http://schemas.example/other": {}}}),
        ("logout+jwt", {"events": LOGOUT_EVENT}),
        ("logout+jwt", {"nonce": "n"}),
        ("logout+jwt", {"sub": None}),
        ("logout+jwt", {"iat": 1, "exp": None}),
        ("logout+jwt", {"exp": 1}),
    ],
)
async def test_what_is_no_logout_token_ends_nothing(
    portal: Portal, dana: Browser, issuer_folder: Path, kind: str, claims: dict[str, Any]
) -> None:
    assert await back_channel_status(portal, logout_token(portal, issuer_folder, kind, **claims)) == 400
    assert await is_in(dana)


async def test_a_token_that_the_provider_has_not_signed_ends_nothing(
    portal: Portal, dana: Browser, issuer_folder: Path
) -> None:
    head, _, signature = logout_token(portal, issuer_folder).split(".")
    body = encoded(json.dumps({"iss": portal.context.settings.oidc_issuer, "sub": "dana"}).encode())
    for token in (f"{head}.{body}.{signature}", "", "x", "a.b.c"):
        assert await back_channel_status(portal, token) == 400
    assert await is_in(dana)


async def test_the_database_does_not_know_whose_sessions_it_has(portal: Portal, dana: Browser) -> None:
    async with portal.database.connect() as connection:
        owner = await connection.fetchval("SELECT owner FROM portal_web.sessions")
    assert len(owner) == 32
    assert b"dana" not in owner


async def test_a_token_that_an_api_refuses_ends_the_session(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    await age(portal, dana, timedelta(minutes=3))
    portal.api.refuses_tokens = True
    visit = await dana.http.get(CASES, headers=VISIT)
    assert (visit.status_code, visit.headers["location"].startswith(portal.context.settings.oidc_issuer)) == (303, True)
    assert (await dana.http.get(CASES, headers=POLL)).status_code == 401
    data = {**hidden(form.text), "action": "autosave", "description": "typed"}
    by_itself = await dana.http.post(address_of(form), data=data, headers={"Accept": "application/json"})
    assert (by_itself.status_code, by_itself.json()) == (401, {"message": "You have been signed out."})
    ended = await dana.send(form, address_of(form), action="close", description="typed")
    assert (ended.status_code, "You have been signed out" in ended.text, "are kept" in ended.text) == (401, True, True)
    portal.api.refuses_tokens = False
    back = await dana.at_provider(sign_in_again(ended), "dana")
    assert "typed</textarea>" in back.text


async def test_a_new_token_that_an_api_refuses_leads_to_no_further_sign_in(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    await age(portal, dana, timedelta(minutes=3))
    portal.api.refuses_tokens = True
    visit = await dana.at_provider(await dana.http.get(CASES, headers=VISIT), "dana")
    assert (visit.status_code, "The service does not accept your sign-in" in visit.text) == (401, True)
    assert "contact the operator" in visit.text
    assert sign_in_again(visit).headers["location"] == f"/sign-in?to={CASES}"
    refused = await dana.send(form, address_of(form), action="close", description="typed")
    assert (refused.status_code, "are kept" in refused.text) == (401, True)
    still = await dana.at_provider(await dana.http.get(sign_in_again(refused).headers["location"]), "dana")
    assert still.status_code == 401
    portal.api.refuses_tokens = False
    back = await dana.at_provider(await dana.http.get(sign_in_again(still).headers["location"]), "dana")
    assert "typed</textarea>" in back.text
