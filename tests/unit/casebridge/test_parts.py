from pathlib import Path

import pytest

from casebridge import parts
from casebridge.commands.up import without_parts
from casebridge.errors import UsageError
from casebridge.parts import Plan

ALL = {name: 20_000 + number for number, name in enumerate([*parts.PARTS, "kafka-controller", "kafka-services"])}


def plan(data_dir: Path, *without: str, **given: str) -> Plan:
    ports = {name: port for name, port in ALL.items() if name not in without}
    return Plan(data_dir=data_dir, ports=ports, given=given, log_format="json")


def test_services_get_the_stack_s_own_addresses(tmp_path: Path) -> None:
    settings = parts.service_settings(plan(tmp_path), "d365-sync")
    assert settings["PORT"] == str(ALL["d365-sync"])
    assert settings["DATABASE_URL"].startswith("postgresql://d365_sync:")
    assert settings["MIGRATIONS_DATABASE_URL"].startswith("postgresql://case_migrations:")
    assert settings["KAFKA_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{ALL['kafka-services']}"
    assert (settings["KAFKA_SECURITY_PROTOCOL"], settings["KAFKA_SASL_USERNAME"]) == ("SASL_PLAINTEXT", "d365-sync")
    assert settings["D365_URL"] == f"http://127.0.0.1:{ALL['sandbox']}"
    assert settings["OIDC_ISSUER"] == f"http://127.0.0.1:{ALL['oidc']}"


def test_the_user_s_environment_wins_over_defaults_but_not_over_what_the_stack_runs(tmp_path: Path) -> None:
    given = {"D365_URL": "https://real.example", "LOG_LEVEL": "DEBUG", "PORT": "1", "DATABASE_URL": "postgresql://x"}
    settings = parts.service_settings(plan(tmp_path, **given), "case-api")
    assert settings["D365_URL"] == "https://real.example"
    assert settings["LOG_LEVEL"] == "DEBUG"
    assert settings["PORT"] == str(ALL["case-api"])
    assert "case_api" in settings["DATABASE_URL"]


def test_without_a_part_the_user_s_own_one_is_used(tmp_path: Path) -> None:
    given = {"OIDC_ISSUER": "https://login.example", "DATABASE_URL": "postgresql://mine"}
    settings = parts.service_settings(plan(tmp_path, "oidc", "postgres", "sandbox", **given), "case-api")
    assert settings["OIDC_ISSUER"] == "https://login.example"
    assert settings["DATABASE_URL"] == "postgresql://mine"
    assert "D365_URL" not in settings


def test_the_portal_gets_its_own_address_and_the_apis_of_the_stack(tmp_path: Path) -> None:
    settings = parts.service_settings(plan(tmp_path, "d365-sync"), "portal-web")
    assert settings["PUBLIC_URL"] == f"http://127.0.0.1:{ALL['portal-web']}"
    assert settings["CASE_API_URL"] == f"http://127.0.0.1:{ALL['case-api']}"
    assert "D365_SYNC_URL" not in settings


def test_sandbox_and_services_share_the_client_secret(tmp_path: Path) -> None:
    stack = plan(tmp_path)
    settings = parts.service_settings(stack, "d365-sync")
    assert parts.sandbox(stack).environment["SANDBOX_CLIENT_SECRET"] == settings["D365_CLIENT_SECRET"]


OWN = f"http://127.0.0.1:{ALL['sandbox']}/oauth2/v2.0/token"


@pytest.mark.parametrize(
    ("without", "given", "token_url", "with_secret"),
    [
        ("", {}, OWN, True),
        ("sandbox", {"D365_URL": "http://localhost:9/"}, "http://localhost:9/oauth2/v2.0/token", True),
        ("", {"D365_URL": "https://real.example"}, None, False),
        ("", {"D365_URL": "https://real.example", "D365_TENANT_ID": "contoso"}, None, False),
        ("", {"D365_URL": "https://real.example", "D365_CLIENT_SECRET": "theirs"}, None, True),
        ("", {"D365_TOKEN_URL": "https://login.example/token"}, "https://login.example/token", True),
        ("sandbox", {"D365_URL": "https://real.example", "D365_CLIENT_CERTIFICATE": "/c.pem"}, None, False),
    ],
)
def test_a_secret_goes_to_a_stand_in_of_this_machine_or_where_the_user_says(
    tmp_path: Path, without: str, given: dict[str, str], token_url: str | None, with_secret: bool
) -> None:
    settings = parts.service_settings(plan(tmp_path, *without.split(), **given), "d365-sync")
    assert settings.get("D365_TOKEN_URL") == token_url
    assert ("D365_CLIENT_SECRET" in settings) == with_secret


def test_mapping_that_the_user_edited_is_kept(tmp_path: Path) -> None:
    parts.mapping_file(tmp_path).write_text("# mine\n")
    assert parts.mapping_file(tmp_path).read_text() == "# mine\n"


def test_what_the_user_leaves_blank_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"D365_EVENTS_SECRET": "  ", "D365_CLIENT_SECRET": "", "D365_CLIENT_ID": "x"}.items():
        monkeypatch.setenv(name, value)
    given = parts.user_environment()
    assert [name for name in given if name.startswith("D365_")] == ["D365_CLIENT_ID"]


def test_without_names_parts() -> None:
    assert without_parts("sandbox, portal-web,oidc") == ["postgres", "kafka", "case-api", "d365-sync", "status-sync"]
    assert without_parts("case-api") == ["postgres", "kafka", "oidc", "sandbox", "d365-sync", "status-sync"]
    with pytest.raises(UsageError, match=r"sandbx.*parts are"):
        without_parts("sandbx")
