"""Which settings are unsafe, and which are not."""

from typing import Any

import pytest
from pydantic import ValidationError

import case_api.settings
import d365_sync.settings
import portal_web.settings
import status_sync.settings
from case_shared.d365.settings import D365Settings
from case_shared.kafka.connection import KafkaSettings
from case_shared.process.safe_settings import is_local, is_weak
from case_shared.process.settings import DatabaseSettings, OidcSettings, ServiceSettings

GOOD = "c2f1a90b7e64d853c2f1a90b"
HUB = "Endpoint=sb://example-password.servicebus.windows.net/;SharedAccessKeyName=secret;SharedAccessKey="
LOCAL = {
    "database_url": "postgresql://u:test@127.0.0.1/db",
    "kafka_bootstrap_servers": "127.0.0.1:9092",
    "oidc_issuer": "http://localhost:8090",
    "d365_url": "http://127.0.0.1:8365",
    "d365_token_url": "http://127.0.0.1:8365/oauth2/v2.0/token",
    "d365_client_id": "x",
    "d365_client_secret": "secret",
}
REAL = {
    **LOCAL,
    "host": "0.0.0.0",
    "database_url": f"postgresql://u:{GOOD}@db.example/db",
    "oidc_issuer": "https://login.example",
    "d365_url": "https://contoso.operations.dynamics.com",
    "d365_token_url": "https://login.example/token",
    "d365_client_secret": GOOD,
}
TRIAL = {
    **LOCAL,
    "casebridge_trial": True,
    "host": "0.0.0.0",
    "database_url": "postgresql://u:development@postgres/db",
    "oidc_discovery_url": "http://oidc:8090/.well-known/openid-configuration",
    "d365_url": "http://sandbox:8365",
    "d365_token_url": None,
}


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, OidcSettings, D365Settings):
    """All settings that are checked."""


@pytest.mark.parametrize("settings", [LOCAL, REAL, TRIAL], ids=["this machine", "production", "a trial"])
def test_what_is_safe_starts_and_shows_no_secret(settings: dict[str, Any]) -> None:
    made = Settings(**settings)
    shown = f"{made!r} {made}"
    assert not any(secret in shown for secret in (GOOD, ":test@", "'secret'", "development@"))


@pytest.mark.parametrize(
    ("begin", "change", "named"),
    [
        (REAL, {"d365_url": "http://contoso.example"}, "D365_URL"),
        (REAL, {"d365_token_url": "http://login.example/token"}, "D365_TOKEN_URL"),
        (LOCAL, {"d365_token_url": "https://login.example/token"}, "D365_CLIENT_SECRET"),
        (LOCAL, {"d365_token_url": None}, "D365_CLIENT_SECRET"),
        (REAL, {"oidc_issuer": "http://login.example"}, "OIDC_ISSUER"),
        (REAL, {"oidc_discovery_url": "http://oidc:8090/d"}, "OIDC_DISCOVERY_URL"),
        (REAL, {"oidc_issuer": "http://localhost:8090"}, "OIDC_ISSUER"),
        (REAL, {"oidc_issuer": "http://127.0.0.2:8090"}, "OIDC_ISSUER"),
        (REAL, {"database_url": "postgresql://u:brief@db.example/db"}, "DATABASE_URL"),
        (REAL, {"database_url": "postgresql://u:development-password@postgres/db"}, "DATABASE_URL"),
        (REAL, {"database_url": "postgresql://u:brief@127.0.0.1:5432,db.example:5432/db"}, "DATABASE_URL"),
        (REAL, {"database_url": f"postgresql://u:{GOOD}@db.example:one,other.example/db"}, "each host must be"),
        (REAL, {"database_url": "postgresql://u:aaaaaaaaaaaaaaaaaaaaaa@db.example/db"}, "DATABASE_URL"),
        (REAL, {"d365_client_secret": "brief"}, "D365_CLIENT_SECRET"),
        (REAL, {"kafka_bootstrap_servers": "k.example:1", "kafka_sasl_password": "guest"}, "KAFKA_SASL_PASSWORD"),
        (REAL, {"kafka_oauth_token_url": "http://login.example/token"}, "KAFKA_OAUTH_TOKEN_URL"),
        (
            REAL,
            {"kafka_oauth_token_url": "https://login.example/token", "kafka_oauth_client_secret": "guest"},
            "KAFKA_OAUTH_CLIENT_SECRET",
        ),
        (REAL, {"otel_exporter_otlp_endpoint": "https://user:brief@traces.example"}, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        (REAL, {"casebridge_trial": True}, "CASEBRIDGE_TRIAL"),
        (TRIAL, {"casebridge_trial": False}, "D365_URL"),
        (TRIAL, {"d365_url": "https://contoso.operations.dynamics.com"}, "CASEBRIDGE_TRIAL"),
        (TRIAL, {"oidc_issuer": "https://login.example"}, "CASEBRIDGE_TRIAL"),
        (TRIAL, {"d365_url": "http://10.0.0.7:8365"}, "CASEBRIDGE_TRIAL"),
    ],
)
def test_an_open_door_is_named(begin: dict[str, Any], change: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(**{**begin, **change})
    assert named in str(refused.value.errors()[0]["msg"])
    assert not any(secret in refused.value.errors()[0]["msg"] for secret in ("brief", "guest", "development-p"))


ADDRESSES: dict[Any, list[str]] = {
    case_api.settings.Settings: ["oidc_issuer", "oidc_discovery_url"],
    d365_sync.settings.Settings: ["oidc_issuer", "oidc_discovery_url", "d365_url", "d365_token_url"],
    status_sync.settings.Settings: ["d365_url", "d365_token_url"],
    portal_web.settings.Settings: ["oidc_issuer", "oidc_discovery_url"],
}


@pytest.mark.parametrize(
    ("settings", "name"), [(settings, name) for settings, names in ADDRESSES.items() for name in names]
)
def test_no_service_starts_with_plain_http_to_another_machine(settings: Any, name: str) -> None:
    given = {**REAL, "public_url": "https://portal.example", "case_api_url": "http://case-api:8000"}
    known = {one: value for one, value in given.items() if one in settings.model_fields}
    assert settings(**known)
    with pytest.raises(ValidationError, match=f"{name.upper()}: .*use https"):
        settings(**{**known, name: "http://elsewhere.example/path"})


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("x.localhost", True), ("127.0.0.9", True), ("::1", True), ("[::1]", True),
        ("localhost.example", False), ("127.0.0.1.example", False), ("0.0.0.0", False), ("", False),
    ],
)  # fmt: skip
def test_this_machine_is_known_by_its_address(host: str, local: bool) -> None:
    assert is_local(host) == local


@pytest.mark.parametrize(
    ("secret", "weak"),
    [
        (GOOD, False), ("brief", True), (f"{GOOD}-Password", True), ("a" * 40, True),
        # A connection string of Event Hubs: only its key is a secret.
        (f"{HUB}{GOOD}", False), (f"{HUB}{GOOD};EntityPath=example", False), (HUB, True), (f"{HUB}brief", True),
        (f"{HUB}{GOOD}-password", True),
        ("Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=brief;EntityPath=b", True),
    ],
)  # fmt: skip
def test_a_secret_is_weak_by_what_nobody_else_knows_of_it(secret: str, weak: bool) -> None:
    assert is_weak(secret) == weak
