"""`casebridge identity`: a token explained, and a realm for Keycloak."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest

from tests.support.issuer import public_key, token
from tests.unit.casebridge.test_commands import Run

CommandLine = Callable[..., Run]


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
def test_it_is_read_from_stdin_and_told_as_json(casebridge: CommandLine, issuer: str, typed: str) -> None:
    run = casebridge("check", "--json", stdin=typed.format(token(issuer, "usmf-us-001")))
    found = json.loads(run.out)
    assert found["ok"]
    assert found["caller"]["subject"] == "ann"
    assert {step["state"] for step in found["steps"]} == {"ok", "warning"}, "it has no preferred_username"


def test_exit_codes_tell_a_bad_token_from_a_provider_that_is_away(
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
