import pytest
from pydantic import SecretStr

from case_shared.kafka import KafkaSettings, connection_arguments
from case_shared.settings import DatabaseSettings, OidcSettings, ServiceSettings, load_settings


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, OidcSettings):
    """As a service has them."""


def test_every_wrong_and_missing_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS", "OIDC_ISSUER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("DATABASE_URL", "mysql://secret@host/db")
    with pytest.raises(SystemExit) as stopped:
        load_settings(Settings)
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    for name in ("DATABASE_URL", "KAFKA_BOOTSTRAP_SERVERS: is missing", "OIDC_ISSUER: is missing", "LOG_LEVEL"):
        assert name in said
    assert "secret" not in said


def test_event_hubs_can_be_reached() -> None:
    settings = KafkaSettings(
        kafka_bootstrap_servers="ns.example:9093",
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_username="$ConnectionString",
        kafka_sasl_password=SecretStr("Endpoint=sb://x"),
    )
    arguments = connection_arguments(settings)
    assert arguments["sasl_plain_username"] == "$ConnectionString"
    assert arguments["ssl_context"] is not None
    assert "Endpoint" not in repr(settings)
