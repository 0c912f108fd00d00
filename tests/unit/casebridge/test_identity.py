"""`casebridge identity`: a token explained, and a realm for Keycloak."""

import io
import json
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest

from case_shared.process.settings import OidcSettings, load_settings
from case_shared.web.rights import rights_of
from case_shared.words.scopes import Scope
from tests.support.issuer import public_key, token
from tests.unit.case_shared.test_identity_providers import blocks
from tests.unit.casebridge.command_line import CommandLine, Run


class Provider(BaseHTTPRequestHandler):
    """Serves a discovery document and keys."""

    def do_GET(self) -> None:
        url = f"http://{self.headers['Host']}"
        documents: dict[str, Any] = {
            "/.well-known/openid-configuration": {"issuer": url, "jwks_uri": f"{url}/keys"},
            "/keys": {"keys": [public_key()]},
        }
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(documents[self.path]).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("OIDC_ISSUER", url)
        yield url
        server.shutdown()


@pytest.fixture
def casebridge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    def run(*arguments: str, stdin: str = "") -> Run:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        return Run(monkeypatch, capsys, "identity", *arguments)

    return run


def test_a_token_is_explained(casebridge: CommandLine, issuer: str) -> None:
    run = casebridge("check", "--token", token(issuer, "usmf-us-001"))
    assert run.code == 0, run.out
    assert "dealers gives 1: usmf-us-001." in run.out
    assert "ann may see the cases of its dealers; " in run.out


@pytest.mark.parametrize("typed", ["{}", "Bearer {}\n", "Authorization: Bearer {}\n"])
def test_it_is_read_from_stdin_and_shown_as_json(casebridge: CommandLine, issuer: str, typed: str) -> None:
    run = casebridge("check", "--json", stdin=typed.format(token(issuer, "usmf-us-001")))
    found = json.loads(run.out)
    assert found["ok"]
    assert found["caller"]["subject"] == "ann"
    assert {step["state"] for step in found["steps"]} == {"ok", "warning"}, "it has no preferred_username"


def test_exit_codes_distinguish_a_bad_token_from_a_provider_that_is_away(
    casebridge: CommandLine, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = casebridge("check", "--token", token(issuer, seconds=-600))
    assert (refused.code, "Signature has expired" in refused.out) == (1, True)
    assert "do not accept the token" in refused.out
    assert casebridge("check", stdin=" ").code == 2
    monkeypatch.setenv("OIDC_ISSUER", "http://127.0.0.1:9")
    away = casebridge("check", "--token", token(issuer))
    assert (away.code, "does not answer" in away.out) == (2, True)


def test_nothing_of_a_token_reaches_the_terminal_as_it_is(casebridge: CommandLine, issuer: str) -> None:
    forged = jwt.encode({"sub": "\x1b[2Jgone", "iss": issuer}, "x" * 32, "HS256", headers={"kid": "k"})
    run = casebridge("check", "--token", forged)
    assert run.code == 1
    assert "\x1b" not in run.out


def test_a_realm_lets_the_portal_alone_sign_in(casebridge: CommandLine) -> None:
    run = casebridge("keycloak", "--portal-url", "https://portal.example/", "--dealer", "usmf-us-001")
    found = json.loads(run.out)
    apis, portal = found["clients"]
    assert portal["redirectUris"] == ["https://portal.example/sign-in/done"]
    assert portal["attributes"]["pkce.code.challenge.method"] == "S256"
    assert portal["attributes"]["backchannel.logout.url"] == "https://portal.example/sign-out/back-channel"
    assert not any(apis[flow] for flow in apis if flow.endswith("Enabled") or flow == "publicClient")
    assert found["groups"][0]["subGroups"] == [{"name": "usmf-us-001"}]
    assert "secret" not in run.out
    assert "users" not in found


def test_dealers_can_be_a_declared_attribute_that_users_cannot_change(casebridge: CommandLine) -> None:
    run = casebridge("keycloak", "--portal-url", "https://portal.example", "--dealers-by", "attribute")
    (profile,) = json.loads(run.out)["components"]["org.keycloak.userprofile.UserProfileProvider"]
    declared = json.loads(profile["config"]["kc.user.profile.config"][0])["attributes"]
    dealers = next(one for one in declared if one["name"] == "dealers")
    assert dealers["multivalued"]
    assert dealers["permissions"]["edit"] == ["admin"]


@pytest.mark.parametrize("by", ["groups", "attribute"])
def test_the_settings_belong_to_the_realm(casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    run = casebridge("keycloak", "--portal-url", "https://portal.example", "--dealers-by", by, "--settings")
    for line in run.out.splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    settings = load_settings(OidcSettings)
    assert settings.oidc_issuer == "https://keycloak.example/realms/casebridge"
    slug = "usmf-us-001"
    claims: dict[str, Any] = {"resource_access": {"casebridge": {"roles": ["dealer"]}}, "dealers": [slug]}
    if by == "groups":
        claims["dealers"] = [f"/dealers/{slug}", "/operators"]
    rights = rights_of(claims, settings)
    assert rights.dealers == {slug}
    assert rights.scopes >= {Scope.CASES_READ, Scope.CASES_WRITE, Scope.CASES_SUBMIT}


def test_the_document_has_the_settings_that_the_command_prints(casebridge: CommandLine) -> None:
    run = casebridge("keycloak", "--portal-url", "https://portal.example", "--realm", "dealers", "--settings")
    (block,) = blocks("Keycloak", "properties")
    assert block == run.out


@pytest.mark.parametrize("url", ["portal.example", "https://portal.example/path", "ftp://portal.example", ""])
def test_what_is_no_address_of_a_portal_is_refused(casebridge: CommandLine, url: str) -> None:
    assert casebridge("keycloak", "--portal-url", url).code == 2
