"""Sign-in: with which provider, for how long, and what happens to a form after the session's end."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from case_shared.words.errors import Transient
from portal_web.domain.secret import Secret
from portal_web.domain.session import Session, Tokens
from tests.integration.portal_web.conftest import CASES, PORTAL, Browser, Portal, address_of, hidden

COOKIE = "casebridge-session-8080"


async def age(portal: Portal, browser: Browser, left: timedelta = timedelta(days=-1)) -> None:
    """Let the access token of this browser's session expire, or be about to."""
    secret = Secret(browser.http.cookies[COOKIE])
    stored = await portal.context.store.find(secret.id)
    assert stored
    session = Session.model_validate_json(secret.open(stored.content) or b"")
    ends = datetime.now(UTC) + left
    tokens = session.tokens.model_copy(update={"issued_at": ends - timedelta(minutes=5), "expires_at": ends})
    old = session.model_copy(update={"tokens": tokens})
    content = secret.seal(old.model_dump_json().encode())
    assert await portal.context.store.replace(secret.id, content, stored.version, secret.form_key_id)


async def end(portal: Portal) -> None:
    """End all sessions."""
    async with portal.database.connect() as connection:
        await connection.execute("DELETE FROM portal_web.sessions")


def page_of(page: httpx2.Response) -> str:
    """Path and query of a page, without the mark of a restored form."""
    return re.sub(r"[?&]kept=\w+$", "", address_of(page))


def sign_in_again(page: httpx2.Response) -> httpx2.Response:
    """The sign-in address of the page that asks to sign in."""
    link = re.search(r'class="primary button" href="([^"]+)"', page.text)
    assert link, page.text
    return httpx2.Response(303, headers={"location": link[1].replace("&amp;", "&")})


async def test_a_page_leads_to_the_provider_and_back_to_it(portal: Portal) -> None:
    async with portal.browser() as browser:
        sent = await browser.http.get(f"{CASES}/new?key={'a' * 32}")
        assert sent.status_code == 303
        assert "code_challenge=" in sent.headers["location"]
        arrived = await browser.at_provider(sent, "dana")
        assert address_of(arrived) == f"{CASES}/new?key={'a' * 32}"


async def test_neither_database_nor_log_nor_page_contains_a_token(portal: Portal, dana: Browser) -> None:
    cookie = dana.http.cookies[COOKIE]
    async with portal.database.connect() as connection:
        rows = await connection.fetch("SELECT id, content FROM portal_web.sessions")
    stored = b"".join(row["id"] + row["content"] for row in rows)
    assert len(rows) == 1
    assert cookie.encode() not in stored
    assert b"dana" not in stored
    assert b"eyJ" not in stored
    page = await dana.get(f"{CASES}/new")
    assert "eyJ" not in page.text


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(portal: Portal) -> None:
    async with portal.browser() as browser:
        sent = await browser.http.get("/sign-in")
    header = sent.headers["set-cookie"]
    assert "HttpOnly" in header
    assert "SameSite=lax" in header
    assert "Path=/" in header


async def test_tokens_are_renewed_once_for_requests_that_come_together(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await age(portal, dana)
    provider = portal.context.sessions.provider
    renew, renewals = provider.renew, 0

    async def counted(tokens: Tokens) -> Tokens:
        nonlocal renewals
        renewals += 1
        return await renew(tokens)

    monkeypatch.setattr(provider, "renew", counted)
    answers = await asyncio.gather(*(dana.http.get(f"{CASES}/new?key={'a' * 32}") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5
    assert renewals == 1


async def test_a_provider_that_is_away_ends_no_session(
    portal: Portal, dana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await age(portal, dana)

    async def away(_tokens: Tokens) -> Tokens:
        raise Transient("away")

    with monkeypatch.context() as outage:
        outage.setattr(portal.context.sessions.provider, "renew", away)
        assert (await dana.get(f"{CASES}/new?key={'a' * 32}")).status_code == 503
    assert (await dana.get(f"{CASES}/new?key={'a' * 32}")).status_code == 200


async def test_what_a_form_contained_when_the_session_ended_comes_back_after_the_sign_in(
    portal: Portal, dana: Browser
) -> None:
    form = await dana.get(f"{CASES}/new")
    await end(portal)
    ended = await dana.send(form, address_of(form), action="close", description="Typed for an hour.")
    assert ended.status_code == 401
    assert "Your entries are kept" in ended.text
    back = await dana.at_provider(sign_in_again(ended), "dana")
    assert page_of(back) == address_of(form)
    assert "Typed for an hour." in back.text
    saved = await dana.send(back, address_of(back), action="close", description="Typed for an hour.")
    assert saved.status_code in {200, 422}, "the list"
    for path in (address_of(form), address_of(back)):
        assert "not saved yet" not in (await dana.get(path)).text, "once it is saved, it comes back no more"


@pytest.mark.parametrize(
    ("happened", "says"), [("submit", "was already submitted"), ("delete", "was deleted elsewhere")]
)
async def test_it_comes_back_whatever_a_colleague_did_to_the_draft(
    portal: Portal, dana: Browser, happened: str, says: str
) -> None:
    path = f"{CASES}/{await dana.draft(category='Sales:Warranty', description='first')}"
    form = await dana.get(f"{path}/edit")
    await end(portal)
    ended = await dana.send(form, f"{path}/edit", action="close", description="Typed for an hour.")
    async with portal.browser() as theo:
        asked = await theo.sign_in("theo", f"{path}/edit?ask=submit" if happened == "submit" else f"{path}/delete")
        await theo.send(asked, f"{path}/{happened}")
    back = await dana.at_provider(sign_in_again(ended), "dana")
    assert says in back.text
    assert "Typed for an hour.</textarea>" in back.text
    new = re.search(r'action="([^"]+/new\?key=[0-9a-f]{32})"', back.text)
    assert new
    saved = await dana.send(back, new[1], follow=False, action="close", description="Typed for an hour.")
    assert saved.status_code == 303, "saved as a new case"


async def test_somebody_else_does_not_get_it(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    await end(portal)
    ended = await dana.send(form, address_of(form), action="close", description="Dana's secret")
    back = await dana.at_provider(sign_in_again(ended), "theo")
    assert back.status_code == 200
    assert "Dana&#39;s secret" not in back.text


async def test_a_form_of_another_site_or_session_is_refused(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    foreign = await dana.http.post(
        address_of(form), data={"description": "x"}, headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    async with portal.browser() as theo:
        await theo.sign_in("theo", f"{CASES}/new")
        other = await theo.send(form, address_of(form), action="close")
        assert other.status_code == 403
    without = await dana.http.post(address_of(form), data={"description": "x"})
    assert without.status_code == 403


async def test_a_form_from_before_another_sign_in_of_the_same_user_comes_back(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    await end(portal)
    await dana.sign_in("dana", f"{CASES}/new")
    back = await dana.send(form, address_of(form), action="close", description="typed in the other tab")
    assert page_of(back) == address_of(form)
    assert "typed in the other tab" in back.text


@pytest.mark.parametrize("button", ["copy", "submit", "delete"])
async def test_a_button_of_a_page_from_before_another_sign_in_says_so(
    portal: Portal, dana: Browser, button: str
) -> None:
    case = await dana.draft(category="Sales:Warranty")
    page = f"{CASES}/{case}{'?x=1' if button == 'copy' else '/edit?ask=submit' if button == 'submit' else '/delete'}"
    form = hidden((await dana.get(page)).text)
    form = {name: value for name, value in form.items() if name not in {"author", "page"}}
    await end(portal)
    await dana.sign_in("dana", CASES)
    sent = f"{CASES}/{case}/{button}"
    answer = await dana.http.post(sent, data=form, headers={"Referer": PORTAL + page})
    assert answer.status_code == 409
    assert "This page is from before you signed in again" in answer.text
    assert f'href="{page}"' in answer.text
    elsewhere = await dana.http.post(sent, data=form, headers={"Referer": "https://evil.example/x"})
    assert "evil.example" not in elsewhere.text
    async with portal.database.connect() as connection:
        assert await connection.fetchval("SELECT count(*) FROM case_api.cases WHERE phase = 'draft'") == 1


async def test_a_callback_that_this_browser_did_not_ask_for_signs_nobody_in(portal: Portal) -> None:
    async with portal.browser() as victim, portal.browser() as attacker:
        sent = await attacker.http.get("/sign-in")
        state = re.search(r"state=([^&]+)", sent.headers["location"])
        assert state
        answer = await victim.http.get(f"/sign-in/done?code=stolen&state={state[1]}")
        assert answer.status_code == 400
        assert COOKIE not in victim.http.cookies


async def test_signing_out_ends_the_session_here_and_leads_to_the_provider(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    cookie = dana.http.cookies[COOKIE]
    left = await dana.send(form, "/sign-out")
    assert "/end_session?" in left.text
    dana.http.cookies.set(COOKIE, cookie, domain="127.0.0.1")
    sent = await dana.http.get(f"{CASES}/new")
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(portal.context.settings.oidc_issuer)


async def test_an_operator_has_no_dealer(portal: Portal) -> None:
    async with portal.browser() as browser:
        arrived = await browser.sign_in("olga")
        assert arrived.status_code == 200
        assert "No dealer is assigned to you" in arrived.text
        assert (await browser.get(CASES)).status_code == 404


async def test_another_dealer_s_cases_do_not_exist(dana: Browser) -> None:
    assert (await dana.get("/dealers/usmf-us-002/cases")).status_code == 404
    assert (await dana.get("/dealers/nobody/cases")).status_code == 404


async def test_headers_allow_nothing_inline_and_nothing_foreign(dana: Browser) -> None:
    page = await dana.get(f"{CASES}/new")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son\w+=|javascript:", page.text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page.text.replace(PORTAL, ""))


async def test_a_page_that_fails_is_protected_like_any_other(dana: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_request: object) -> None:
        raise ZeroDivisionError("secret detail")

    before = await dana.get(CASES)
    monkeypatch.setattr("portal_web.web.cases.listing_of", broken)
    page = await dana.get(CASES)
    assert (page.status_code, "secret" in page.text, "</html>" in page.text) == (500, False, True)
    names = ("content-security-policy", "cache-control", "x-content-type-options", "referrer-policy")
    assert {name: page.headers.get(name) for name in names} == {name: before.headers[name] for name in names}


async def test_sign_ins_of_several_tabs_all_succeed_and_lead_each_to_its_own_place(
    portal: Portal, dana: Browser
) -> None:
    form, other = await dana.get(f"{CASES}/new"), await dana.get(f"{CASES}/new")
    await end(portal)
    typed = await dana.send(form, address_of(form), action="close", description="the first tab's")
    also = await dana.send(other, address_of(other), action="close", description="the second tab's")
    third = await dana.http.get(f"{CASES}?q=third")
    arrived = await dana.at_provider(third, "dana")
    assert address_of(arrived) == f"{CASES}?q=third"
    cookie = dana.http.cookies[COOKIE]
    for page, tab, text in ((form, typed, "the first tab&#39;s"), (other, also, "the second tab&#39;s")):
        back = await dana.at_provider(sign_in_again(tab), "dana")
        assert page_of(back) == address_of(page)
        assert text in back.text, "each gets its own form back"
        assert dana.http.cookies[COOKIE] == cookie, "the forms of the other tabs stay good"
    assert "not saved yet" not in (await dana.get(address_of(form))).text, "nor does any other tab get it"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"{CASES}/stream", {"Accept": "text/event-stream"}),
        (f"{CASES}/stream", {}),
        (CASES, {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Accept": "*/*"}),
        (CASES, {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Accept": "text/html"}),
        (CASES, {"HX-Request": "true", "Accept": "text/html"}),
        (CASES, {"Accept": "application/json"}),
    ],
)
async def test_only_navigations_begin_a_sign_in(portal: Portal, path: str, headers: dict[str, str]) -> None:
    async with portal.browser() as browser:
        answer = await browser.http.get(path, headers=headers)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        navigation = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html"}
        assert (await browser.http.get(CASES, headers=navigation)).status_code == 303


async def test_a_filter_used_after_the_session_s_end_leads_to_the_provider_by_a_page(portal: Portal) -> None:
    """Chrome and Safari follow no redirect from a form to a site that `form-action` does not name."""
    sent = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}
    async with portal.browser() as browser:
        page = await browser.http.get(f"{CASES}?q=leak", headers=sent)
        assert page.status_code == 401
        leads_to = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]+)"', page.text)
        assert leads_to
        assert leads_to[1] in page.text.partition("<main")[2], "and a link, for browsers that do not follow it"
        assert address_of(await browser.at_provider(sign_in_again(page), "dana")) == f"{CASES}?q=leak"
    async with portal.browser() as browser:
        assert (await browser.http.get("/sign-in?to=/", headers=sent)).status_code == 303, "a link"


async def test_sign_ins_and_forms_of_one_browser_are_so_many_and_no_more(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    await end(portal)
    first = await dana.http.get(f"{CASES}?q=1")
    for number in range(12):
        await dana.send(form, address_of(form), action="close", description=f"typed {number}")
    assert len([name for name in dana.http.cookies if "sign-in" in name]) == 5
    async with portal.database.connect() as connection:
        assert await connection.fetchval("SELECT count(*) FROM portal_web.kept") == 10
    assert (await dana.at_provider(first, "dana")).status_code == 400, "the oldest is given up"


async def test_nothing_is_kept_for_who_never_had_a_session(portal: Portal, dana: Browser) -> None:
    form = hidden((await dana.get(f"{CASES}/new")).text)
    async with portal.browser() as nobody:
        for token in ("", "x", "A" * 88, form["token"][:-2]):
            fields = {**form, "token": token, "description": "x" * 10_000}
            answer = await nobody.http.post(f"{CASES}/new", data=fields)
            assert answer.status_code == 401
            assert "Nothing was changed" in answer.text
        too_long = {**form, **{f"field{number}": "x" * 20_000 for number in range(25)}}
        assert "Nothing was changed" in (await nobody.http.post(f"{CASES}/new", data=too_long)).text
    async with portal.database.connect() as connection:
        assert await connection.fetchval("SELECT count(*) FROM portal_web.kept") == 0
