import os
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from case_shared.kafka.event_hub import InboundTopic
from case_shared.kafka.migrate import MigrateSettings
from case_shared.process.settings import DatabaseSettings, ServiceSettings, load_settings
from tests.support.settings_document import PROGRAMS, variable

GOOD = "c2f1a90b7e64d853c2f1a90b"
COMPLETE = {
    "CASE_API_URL": "http://127.0.0.1:8000",
    "D365_CLIENT_ID": "x",
    "D365_CLIENT_SECRET": GOOD,
    "D365_TOKEN_URL": "http://127.0.0.1:8365/oauth2/v2.0/token",
    "D365_URL": "http://127.0.0.1:8365",
    "DATABASE_URL": f"postgresql://u:{GOOD}@127.0.0.1/db",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "OIDC_DATA_DIR": "/tmp",
    "OIDC_ISSUER": "http://127.0.0.1:8090",
    "PUBLIC_URL": "http://127.0.0.1:8080",
    "SANDBOX_CLIENT_SECRET": GOOD,
}
SECRETS = [
    pytest.param(settings, name, id=f"{program}-{variable(settings, name)}")
    for program, settings in PROGRAMS.items()
    for name, field in settings.model_fields.items()
    if "SecretStr" in str(field.annotation)
]


class Settings(ServiceSettings, DatabaseSettings):
    """As a service has them."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATABASE_URL", "MIGRATIONS_DATABASE_URL", "METRICS_TOKEN", "KAFKA_SASL_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    found = tmp_path / "url"
    found.write_text(f"postgresql://u:{GOOD}@db.example/db\n")
    monkeypatch.setenv("DATABASE_URL_FILE", str(found))
    return found


def token(settings: Settings) -> str:
    assert settings.metrics_token is not None
    return settings.metrics_token.get_secret_value()


def test_a_secret_is_read_from_its_file_at_each_use(file: Path) -> None:
    settings = load_settings(Settings)
    assert settings.database_url.get_secret_value() == f"postgresql://u:{GOOD}@db.example/db"
    file.write_text("postgresql://u:another@db.example/db")
    assert settings.database_url.get_secret_value() == "postgresql://u:another@db.example/db"
    assert "another" not in f"{settings!r} {settings}"


def test_a_file_that_is_being_replaced_keeps_its_last_secret(file: Path) -> None:
    settings = load_settings(Settings)
    file.write_text("")
    assert GOOD in settings.database_url.get_secret_value()
    file.unlink()
    assert GOOD in settings.database_url.get_secret_value()


def test_every_secret_may_be_in_a_file_also_one_that_has_a_default(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text(GOOD)
    monkeypatch.setenv("METRICS_TOKEN_FILE", str(tmp_path / "token"))
    assert token(load_settings(Settings)) == GOOD
    hub = f"Endpoint=sb://ns.example/;SharedAccessKeyName=n;SharedAccessKey={GOOD};EntityPath=e"
    (tmp_path / "hub").write_text(hub)
    monkeypatch.setenv("D365_EVENTS_CONNECTION_STRING_FILE", str(tmp_path / "hub"))
    found = load_settings(InboundTopic).d365_events_connection_string
    assert isinstance(found, SecretStr)
    assert found.get_secret_value() == hub


def test_a_secret_with_two_names_has_two_files(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "k:9092")
    assert "u:" in load_settings(MigrateSettings).migrations_database_url.get_secret_value()
    (tmp_path / "migrations").write_text(f"postgresql://case_migrations:{GOOD}@db.example/db")
    monkeypatch.setenv("MIGRATIONS_DATABASE_URL_FILE", str(tmp_path / "migrations"))
    assert "case_migrations" in load_settings(MigrateSettings).migrations_database_url.get_secret_value()


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("D365_", "KAFKA_", "OIDC_", "SANDBOX_", "DATABASE_", "MIGRATIONS_", "METRICS_")):
            monkeypatch.delenv(name)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("complete")
@pytest.mark.parametrize("blank", ["", " ", "\t\n "])
@pytest.mark.parametrize(("settings", "name"), SECRETS)
def test_a_blank_secret_counts_as_not_set(
    monkeypatch: pytest.MonkeyPatch, settings: type[BaseSettings], name: str, blank: str
) -> None:
    def read() -> SecretStr | str | None:
        try:
            found: SecretStr | None = getattr(settings(), name)
        except ValidationError as error:
            return "refused" if name.upper() in str(error).upper() else "another one is refused"
        return found

    monkeypatch.delenv(variable(settings, name), raising=False)
    unset = read()
    monkeypatch.setenv(variable(settings, name), blank)
    # The sandbox may have no secret; no service takes an empty one.
    assert read() == unset
    assert settings is PROGRAMS["sandbox"] or unset != SecretStr("")


def test_a_blank_variable_beside_a_file_is_ignored(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", " ")
    assert GOOD in load_settings(Settings).database_url.get_secret_value()


@pytest.mark.parametrize(
    ("content", "variables", "message"),
    [
        (None, {}, "No such file or directory"),
        (b"", {}, "is empty"),
        (b"\xff\xfe", {}, "is not UTF-8 text"),
        (b"postgresql://a/b", {"DATABASE_URL": "postgresql://a/b"}, "DATABASE_URL is set, too"),
        (b"mysql://a:hidden@c/b", {}, "DATABASE_URL: it must begin with postgresql://"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes | None,
    variables: dict[str, str],
    message: str,
) -> None:
    file.unlink() if content is None else file.write_bytes(content)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        load_settings(Settings)
    said = capsys.readouterr().err
    assert stopped.value.code == 2
    assert message in said
    assert "hidden" not in said
