"""Files and secrets for Kafka: what is missing, unreadable or half given is named before anything starts."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from case_shared.kafka.connection import KafkaSettings, connection_arguments
from case_shared.kafka.event_hub import inbound
from case_shared.process.settings import load_settings
from tests.support.tls import client_certificate, server_certificate

ADDRESSES = "a.example:9093,b.example:9093"
SECRET = "do-not-tell-1f2e3d"
OAUTH = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_OAUTH_TOKEN_URL": "https://login.example/token",
    "KAFKA_OAUTH_CLIENT_ID": "case-api",
    "KAFKA_OAUTH_CLIENT_SECRET": SECRET,
}
CONNECTION = "Endpoint=sb://ns.example/;SharedAccessKeyName=n;SharedAccessKey=k;EntityPath=hub"


def loaded(monkeypatch: pytest.MonkeyPatch, **given: str) -> KafkaSettings:
    for name, value in {"KAFKA_BOOTSTRAP_SERVERS": ADDRESSES, **given}.items():
        monkeypatch.setenv(name, value)
    return load_settings(KafkaSettings)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"KAFKA_CA_FILE": "{folder}/none.pem"}, "KAFKA_CA_FILE: Path does not point to a file. A file with the auth"),
        ({"KAFKA_CA_FILE": "{folder}/text.pem"}, "KAFKA_CA_FILE: {folder}/text.pem has no certificates in PEM form"),
        ({"KAFKA_CLIENT_CERTIFICATE_FILE": "{folder}"}, "KAFKA_CLIENT_CERTIFICATE_FILE: Path does not point to a file"),
        ({"KAFKA_CLIENT_KEY_FILE": "{folder}/client.pem"}, "KAFKA_CLIENT_CERTIFICATE_FILE: is missing"),
        (
            {"KAFKA_CLIENT_CERTIFICATE_FILE": "{folder}/trusted.pem"},
            "KAFKA_CLIENT_CERTIFICATE_FILE: {folder}/trusted.pem, with the private key in {folder}/trusted.pem, cannot",
        ),
        (
            {
                "KAFKA_CLIENT_CERTIFICATE_FILE": "{folder}/client.pem",
                "KAFKA_CLIENT_KEY_FILE": "{folder}/server.pem",
                "KAFKA_CLIENT_KEY_PASSWORD": SECRET,
            },
            "both must be PEM and belong together",
        ),
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "KAFKA_SASL_USERNAME: is missing; KAFKA_SASL_MECHANISM PLAIN"),
        (OAUTH | {"KAFKA_OAUTH_CLIENT_ID": ""}, "KAFKA_OAUTH_CLIENT_ID: is missing; KAFKA_SASL_MECHANISM OAUTHBEARER"),
        (OAUTH | {"KAFKA_OAUTH_TOKEN_URL": "login.example"}, "KAFKA_OAUTH_TOKEN_URL: "),
        ({"KAFKA_SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM: "),
    ],
)
def test_what_is_of_no_use_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: dict[str, str],
    named: str,
) -> None:
    (tmp_path / "text.pem").write_text("no certificate")
    client_certificate(tmp_path)
    server_certificate(tmp_path)
    settings = {"KAFKA_SECURITY_PROTOCOL": "SSL", **given}
    with pytest.raises(SystemExit) as ended:
        loaded(monkeypatch, **{name: value.format(folder=tmp_path) for name, value in settings.items()})
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert named.format(folder=tmp_path) in said
    assert SECRET not in said


def test_a_private_authority_and_a_certificate_reach_every_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_certificate(tmp_path)
    _, trusted = server_certificate(tmp_path)
    settings = loaded(
        monkeypatch,
        KAFKA_SECURITY_PROTOCOL="SSL",
        KAFKA_CA_FILE=str(trusted),
        KAFKA_CLIENT_CERTIFICATE_FILE=str(client),
    )
    context = connection_arguments(settings)["ssl_context"]
    (authority,) = context.get_ca_certs()
    assert "the tests' own authority" in str(authority["subject"])
    assert context.check_hostname


async def test_tokens_are_asked_for_by_one_client_and_its_secret_is_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = loaded(monkeypatch, **OAUTH, KAFKA_OAUTH_SCOPE="kafka")
    arguments = connection_arguments(settings)
    assert "sasl_plain_username" not in arguments
    assert arguments["sasl_oauth_token_provider"] is connection_arguments(settings)["sasl_oauth_token_provider"]
    assert SECRET not in repr(settings) + repr(arguments)


def test_the_authorities_of_our_kafka_are_not_those_of_an_event_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, trusted = server_certificate(tmp_path)
    ours = loaded(monkeypatch, KAFKA_SECURITY_PROTOCOL="SSL", KAFKA_CA_FILE=str(trusted))
    azure = inbound(ours, "-", SecretStr(CONNECTION)).kafka
    assert azure.kafka_ca_file is None
    assert connection_arguments(azure)["sasl_mechanism"] == "PLAIN"
