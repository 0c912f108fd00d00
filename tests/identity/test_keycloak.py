"""What docs/identity-providers.md says of Keycloak, done on Keycloak."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import asyncpg
import httpx2
import jwt
import pytest
from playwright.async_api import Page, expect

from tests.identity.conftest import DEALERS, STEP_UP_MINUTES, Place, sign_in
from tests.identity.server import PASSWORD
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE

# Keycloak starts in the time of the first test.
pytestmark = pytest.mark.timeout(600 * PATIENCE)
CASES = "/dealers/usmf-us-001/cases"
# What cannot be undone; whether there is such a replay is looked at after who asks.
FOR_GOOD = "/console/replays/00000000-0000-0000-0000-000000000000/for-real"


async def test_a_dealer_of_a_group_signs_in_and_the_token_is_explained(place: Place, page: Page) -> None:
    await place.keycloak.add_user("dana", "/dealers/usmf-us-001")
    await sign_in(place, page, "dana", CASES)
    await expect(page.get_by_role("link", name="Create Case").first).to_be_visible()
    await expect(page.locator("header")).to_contain_text("dana")
    _, session, _ = await place.session(page)
    explanation = json.loads(await asyncio.to_thread(checked, place, session.tokens.access_token))
    assert explanation["caller"]["dealers"] == ["usmf-us-001"]
    assert {step["state"] for step in explanation["steps"]} == {"ok"}
    answer = await page.goto(f"{place.portal}/dealers/usmf-us-002/cases")
    assert answer
    assert answer.status == 404


def checked(place: Place, token: str) -> str:
    """What `casebridge identity check` says of a token."""
    return subprocess.run(
        [sys.executable, "-m", "casebridge", "identity", "check", "--json"],
        input=token, env={**os.environ, **place.settings}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip


async def test_an_operator_reaches_the_console_and_what_cannot_be_undone_asks_for_the_password(
    place: Place, page: Page
) -> None:
    await place.keycloak.add_user("olga", "/operators")
    await sign_in(place, page, "olga", "/console")
    await expect(page.get_by_role("link", name="Console")).to_be_visible()
    _, session, _ = await place.session(page)
    assert session.signed_in_at, "Keycloak says when (auth_time)"
    address, password = f"{place.portal}{FOR_GOOD}", page.locator("#password")
    await page.goto(address)
    assert page.url == address, "she has just signed in"

    async def asked() -> bool:
        """Keycloak has a session of hers, and asks only because of `max_age`."""
        await page.goto(address)
        return await password.is_visible()

    await eventually(asked, within_seconds=2 * 60 * STEP_UP_MINUTES, every_seconds=1)
    await password.fill(PASSWORD)
    await page.locator("#kc-login").click()
    await page.wait_for_url(address)
    _, proven, _ = await place.session(page)
    assert proven.signed_in_at
    assert proven.signed_in_at > session.signed_in_at


async def test_tokens_are_renewed(place: Place, page: Page) -> None:
    await place.keycloak.add_user("rita", "/dealers/usmf-us-001")
    await sign_in(place, page, "rita", CASES)
    secret, session, version = await place.session(page)
    old = session.tokens.model_copy(update={"expires_at": datetime(2020, 1, 1, tzinfo=UTC)})
    content = secret.seal(session.model_copy(update={"tokens": old}).model_dump_json().encode())
    connection = await asyncpg.connect(place.stack.database_url)
    await connection.execute("UPDATE portal_web.sessions SET content = $2 WHERE id = $1", secret.id, content)
    await connection.close()
    await page.goto(f"{place.portal}{CASES}")
    await expect(page.get_by_role("link", name="Create Case").first).to_be_visible()
    _, renewed, after = await place.session(page)
    assert after > version
    assert renewed.tokens.access_token != session.tokens.access_token


async def test_a_sign_out_leaves_no_session_at_keycloak(place: Place, page: Page) -> None:
    user = await place.keycloak.add_user("theo", "/dealers/usmf-us-001", "/dealers/usmf-us-002")
    await sign_in(place, page, "theo", CASES)
    assert await place.keycloak.sessions(user)
    _, session, _ = await place.session(page)
    await page.locator("summary").filter(has_text="theo").click()
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url(f"{place.portal}/signed-out")
    assert await place.keycloak.sessions(user) == []
    form = {"grant_type": "refresh_token", "client_id": "portal-web", "refresh_token": session.tokens.refresh_token}
    async with httpx2.AsyncClient() as thief:
        refused = await thief.post(f"{place.settings['OIDC_ISSUER']}/protocol/openid-connect/token", data=form)
    assert refused.status_code == 400


async def test_who_is_signed_out_at_keycloak_is_signed_out_of_the_portal(place: Place, page: Page) -> None:
    user = await place.keycloak.add_user("bert", "/dealers/usmf-us-001")
    await sign_in(place, page, "bert", CASES)
    await place.keycloak.call("POST", f"/users/{user}/logout")

    async def ended() -> bool:
        answer = await page.request.get(f"{place.portal}{CASES}", max_redirects=0)
        return answer.status == 303

    await eventually(ended)


async def test_a_dealer_s_administrator_invites_a_colleague_and_sees_no_other_group(place: Place, page: Page) -> None:
    keycloak, realm = place.keycloak, place.keycloak.realm
    await keycloak.add_user("lena", "/dealers/usmf-us-002")
    await keycloak.add_user("anna", "/administrators/usmf-us-001")
    ours, theirs = [(await keycloak.call("GET", f"/group-by-path/dealers/{slug}"))["id"] for slug in DEALERS]
    administrators = (await keycloak.call("GET", "/group-by-path/administrators/usmf-us-001"))["id"]
    (permissions,) = await keycloak.call("GET", "/clients?clientId=admin-permissions")
    server = f"/clients/{permissions['id']}/authz/resource-server"
    policy = {"name": "administrators of usmf-us-001", "logic": "POSITIVE"}
    made = await keycloak.call(
        "POST", f"{server}/policy/group", json={**policy, "groups": [{"id": administrators, "extendChildren": False}]}
    )
    scopes = ["view", "view-members", "manage-members", "manage-membership"]
    permission = {"name": "members of usmf-us-001", "resourceType": "Groups", "resources": [ours], "scopes": scopes}
    await keycloak.call("POST", f"{server}/permission/scope", json={**permission, "policies": [made["id"]]})

    form = {"grant_type": "password", "client_id": "admin-cli", "username": "anna", "password": PASSWORD}
    async with httpx2.AsyncClient(base_url=f"{keycloak.url}/admin/realms/{realm}", timeout=20) as anna:
        answer = await anna.post(f"{place.settings['OIDC_ISSUER']}/protocol/openid-connect/token", data=form)
        anna.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
        for slug, expected in ((DEALERS[0], 201), (DEALERS[1], 403)):
            user = {"username": f"new-of-{slug}", "enabled": True, "groups": [f"/dealers/{slug}"]}
            assert (await anna.post("/users", json=user)).status_code == expected, slug
        seen = {one["username"] for one in (await anna.get("/users")).json()}
        assert f"new-of-{DEALERS[0]}" in seen
        assert not seen & {"lena", "olga"}
        assert (await anna.get(f"/groups/{ours}")).status_code == 200
        assert (await anna.get(f"/groups/{theirs}")).status_code == 403
        assert (await anna.get("/clients")).status_code == 403


async def test_a_new_key_of_keycloak_is_known_at_once(place: Place, page: Page) -> None:
    await place.keycloak.add_user("kira", "/dealers/usmf-us-001")
    provider = {"name": "next", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider"}
    config = {"priority": ["200"], "enabled": ["true"], "active": ["true"], "keySize": ["2048"], "algorithm": ["RS256"]}
    before = {key["kid"] for key in (await place.keycloak.call("GET", "/keys"))["keys"]}
    await place.keycloak.call("POST", "/components", json={**provider, "config": config})

    async def signed_in() -> bool:
        """An unknown key is looked for at most every ten seconds."""
        await page.context.clear_cookies()
        try:
            await sign_in(place, page, "kira", CASES)
        except Exception:  # noqa: BLE001 - whatever Chromium says of a page that is another
            return False
        return True

    page.set_default_timeout(8000 * PATIENCE)
    await eventually(signed_in, within_seconds=30, every_seconds=2)
    _, session, _ = await place.session(page)
    assert jwt.get_unverified_header(session.tokens.access_token)["kid"] not in before
