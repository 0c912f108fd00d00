import os
from pathlib import Path

import pytest

from casebridge.commands import up
from casebridge.errors import UsageError

REAL = {"D365_URL": "https://real.example", "D365_TENANT_ID": "contoso.example"}
SECRETS = {"D365_CLIENT_ID": "a", "D365_CLIENT_SECRET": "8f3e1b7c9d2056aa"}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("D365_", "OIDC_", "KAFKA_", "DATABASE_", "CASEBRIDGE_", "CASE_API_")):
            monkeypatch.delenv(name)


class Started(Exception):
    """The settings passed."""


def start(monkeypatch: pytest.MonkeyPatch, data_dir: Path, without: str, given: dict[str, str]) -> None:
    def download(*_arguments: object) -> None:
        raise Started

    monkeypatch.setattr(up, "download", download)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    try:
        up.up(data_dir=data_dir, without=without, ports=up.Ports.AUTO, restored=None, json=True)
    finally:
        assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("without", "given"),
    [
        ("", {}),
        ("sandbox", {"D365_URL": "http://127.0.0.1:9"}),
        ("sandbox,oidc", {**REAL, **SECRETS, "OIDC_ISSUER": "https://login.example"}),
        ("sandbox,d365-sync,status-sync", {}),
    ],
)
def test_what_can_start_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, without: str, given: dict[str, str]
) -> None:
    with pytest.raises(Started):
        start(monkeypatch, tmp_path, without, given)


@pytest.mark.parametrize(
    ("without", "given", "said"),
    [
        ("sandbox", {}, ["Set D365_URL: the root", "(d365-sync, status-sync)", "leave sandbox out of --without"]),
        ("sandbox", {**REAL, **SECRETS}, ["OIDC_ISSUER: http://127.0.0.1:", "is a development provider"]),
        ("sandbox,oidc", REAL, ["D365_CLIENT_SECRET: not set", "D365_CLIENT_ID: not set", "Set OIDC_ISSUER: "]),
        ("oidc", {}, ["Set OIDC_ISSUER: ", "(case-api, d365-sync, portal-web)", "leave oidc out of --without"]),
        ("postgres,kafka", {}, ["Set DATABASE_URL: ", "Set KAFKA_BOOTSTRAP_SERVERS: "]),
        ("", {"D365_MAPPING": "/nothing"}, ["D365_MAPPING: ", "/nothing"]),
        ("", {"LOG_LEVEL": "loud"}, ["LOG_LEVEL: ", "(case-api, d365-sync, status-sync, portal-web)"]),
    ],
)
def test_what_a_service_would_refuse_is_said_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, without: str, given: dict[str, str], said: list[str]
) -> None:
    with pytest.raises(UsageError) as refused:
        start(monkeypatch, tmp_path, without, given)
    assert [words for words in said if words not in str(refused.value)] == []
