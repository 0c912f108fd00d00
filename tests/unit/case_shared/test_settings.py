import pytest
from pydantic import SecretStr

from case_shared.kafka.connection import KafkaSettings, connection_arguments
from case_shared.process.settings import DatabaseSettings, OidcSettings, ServiceSettings, load_settings


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, OidcSettings):
    """Settings like a service's."""


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
    for name in ("DATABASE_URL", "Set KAFKA_BOOTSTRAP_SERVERS: the", "Set OIDC_ISSUER: the", "LOG_LEVEL"):
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


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ("a:9092", ["a:9092"]),
        (" a.example:9092 ,b-2:9093, 10.0.0.1:1", ["a.example:9092", "b-2:9093", "10.0.0.1:1"]),
        ("[::1]:9092,[fe80::1%eth0]:65535", ["[::1]:9092", "[fe80::1%eth0]:65535"]),
    ],
)
def test_every_client_gets_each_address_by_itself(given: str, addresses: list[str]) -> None:
    settings = KafkaSettings(kafka_bootstrap_servers=given)
    assert connection_arguments(settings)["bootstrap_servers"] == addresses


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("a:9092,b", "'b' is not in the form host:port"),
        ("a:9092,", "'an empty entry' is not in the form host:port"),
        ("::1", "'::1' is not in the form host:port"),
        ("[::1]", "'[::1]' is not in the form host:port"),
        ("a:9092;b:9092", "is not in the form host:port"),
        ("PLAINTEXT://a:9092", "is not in the form host:port"),
        ("a:0", "'a:0' has no port"),
        ("a:99999", "'a:99999' has no port"),
    ],
)
def test_an_address_that_is_none_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], given: str, named: str
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", given)
    with pytest.raises(SystemExit):
        load_settings(KafkaSettings)
    said = capsys.readouterr().err
    assert said.startswith("KAFKA_BOOTSTRAP_SERVERS: ")
    assert named in said
