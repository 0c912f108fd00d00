"""deploy/outside.yml: the stack without its own PostgreSQL and Kafka, with secrets as files."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from case_shared.process.settings import PostgresSettings
from tests.unit.repository.test_compose import ROOT, SERVICES, SETTINGS

OUTSIDE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/outside.yml").read_text())
OURS = [name for name in SETTINGS if name not in {"oidc", "sandbox"}]
AUTHORITIES = {"SSL_CERT_FILE", "KAFKA_CA_FILE"}  # no secrets
ABSENT = {"postgres", "roles", "kafka", "kafka-acls"}


def environment(service: str) -> dict[str, Any]:
    """What a service is given by both files."""
    found: dict[str, Any] = {**SERVICES[service]["environment"], **OUTSIDE["services"][service]["environment"]}
    return found


def test_no_service_of_its_own_is_started_or_waited_for() -> None:
    assert {name for name, one in OUTSIDE["services"].items() if one.get("profiles")} == ABSENT
    for name, service in SERVICES.items():
        if name in ABSENT or "dev" in service.get("profiles", ()):
            continue
        changed = OUTSIDE["services"].get(name, {}).get("depends_on", {})
        waited = {**service.get("depends_on", {}), **changed}
        assert not [one for one in ABSENT & waited.keys() if waited[one].get("required", True)], name


@pytest.mark.parametrize("service", OURS)
def test_each_secret_is_in_a_file_that_the_service_is_given(service: str) -> None:
    given = environment(service)
    files = {name: value for name, value in given.items() if name.endswith("_FILE") and name not in AUTHORITIES}
    assert files
    for name, value in files.items():
        secret = value.rpartition("/")[2].rstrip("}")
        assert secret in OUTSIDE["services"][service]["secrets"], name
        assert secret in OUTSIDE["secrets"]
        assert not given.get(name.removesuffix("_FILE")), "both are refused"
    # What the stack's own PostgreSQL and Kafka are reached with.
    assert not [name for name, value in given.items() if value and "@postgres" in str(value)]
    assert not given.get("KAFKA_SASL_PASSWORD")


@pytest.mark.parametrize("service", OURS)
def test_each_setting_without_a_default_is_given_still(service: str) -> None:
    given = environment(service)
    required = [name.upper() for name, field in SETTINGS[service].model_fields.items() if field.is_required()]
    assert [name for name in required if not given.get(name) and not given.get(f"{name}_FILE")] == []


@pytest.mark.parametrize("service", ["case-api", "d365-sync", "status-sync", "portal-web", "casebridge"])
def test_whoever_reaches_the_database_learns_of_the_pooler(service: str) -> None:
    pooled = {name.upper() for name in PostgresSettings.model_fields} - {"DATABASE_URL"}
    assert pooled == {"DATABASE_POOLER", "DATABASE_STATEMENT_CACHE_SIZE"}
    given = environment(service)
    assert {name: given.get(name, "missing") for name in pooled} == dict.fromkeys(pooled)  # passed on from .env


def test_every_file_is_used() -> None:
    used = {one for service in OUTSIDE["services"].values() for one in service.get("secrets", ())}
    assert used == OUTSIDE["secrets"].keys()


def test_compose_itself_takes_both_files(tmp_path: Path) -> None:
    asked = ["docker", "compose", "--project-directory", str(ROOT)]
    files = ["--file", str(ROOT / "docker-compose.yml"), "--file", str(ROOT / "deploy/outside.yml")]
    try:
        subprocess.run([*asked, "version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("Docker Compose is not installed")
    variables = {**os.environ, "SECRETS_FOLDER": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": "k.example:9093"}
    run = subprocess.run(
        [*asked, *files, "config", "--format", "json"], env=variables, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    started = yaml.safe_load(run.stdout)["services"]
    assert not ABSENT & started.keys()
    assert started["case-api"]["environment"]["KAFKA_BOOTSTRAP_SERVERS"] == "k.example:9093"
