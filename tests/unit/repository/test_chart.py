"""The Helm chart's values: their schema comes from the settings, wrong ones are named, and the samples are right."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.support.chart import (
    BY_THE_CHART,
    CHART,
    GROUPS,
    HELM_FOLDER,
    NOT_HERE,
    ROOT,
    RULES,
    SCHEMA,
    SERVICES,
    files,
    settings_of,
)
from tests.support.settings_document import PROGRAMS, variable

DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
EXAMPLES = [HELM_FOLDER / "examples" / f"{name}.yaml" for name in ("minimal", "azure", "everything")]
GENERATED = [SCHEMA, *(CHART / "files" / name for name in RULES)]
VALIDATOR = Draft7Validator(json.loads(SCHEMA.read_text()))


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Values over others, as Helm merges them: null takes a value away."""
    found = dict(below)
    for name, value in above.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, dict) and isinstance(found.get(name), dict):
            found[name] = over(found[name], value)
        else:
            found[name] = value
    return found


def values_of(example: Path) -> dict[str, Any]:
    return over(DEFAULTS, yaml.safe_load(example.read_text()))


def refusals(values: Mapping[str, Any]) -> list[str]:
    """Where values are wrong, and why."""
    return [f"{'.'.join(map(str, one.path))}: {one.message}" for one in VALIDATOR.iter_errors(values)]


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_the_generated_files_are_those_of_today(path: Path) -> None:
    assert path.read_text() == files()[path], "run `make chart`"


def test_the_alert_rules_are_those_of_prometheus() -> None:
    for name in RULES:
        assert (CHART / "files" / name).read_bytes() == (ROOT / "deploy/prometheus" / name).read_bytes()


def test_the_chart_has_the_version_of_the_services() -> None:
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = (ROOT / "VERSION").read_text().strip()
    assert (about["version"], about["appVersion"]) == (version, version)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_valid(example: Path) -> None:
    assert refusals(values_of(example)) == []


def test_values_without_a_default_are_named() -> None:
    found = "\n".join(refusals(DEFAULTS))
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "OIDC_ISSUER", "D365_URL", "PUBLIC_URL"):
        assert f"'{name}' is a required property" in found
    for place in ("networkPolicy.postgresql.to", "networkPolicy.kafka.to"):
        assert f"{place}: " in found


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("settings.kafka.KAFKA_BOOTSTRAP_SERVER", "k:9093", "settings.kafka: Additional properties"),
        ("settings.kafka.KAFKA_SECURITY_PROTOCOL", "SASL-SSL", "settings.kafka.KAFKA_SECURITY_PROTOCOL: "),
        ("settings.services.LOG_LEVEL", "debug", "settings.services.LOG_LEVEL: "),
        ("settings.services.PORT", 8080, "settings.services: Additional properties"),
        ("settings.services.DATABASE_POOLER", "session", "settings.services.DATABASE_POOLER: "),
        ("settings.d365.D365_TIMEOUT_SECONDS", "soon", "settings.d365.D365_TIMEOUT_SECONDS: "),
        ("settings.d365.D365_CLIENT_SECRET", "never here", "settings.d365: Additional properties"),
        ("settings.status-sync.D365_POLL_SECONDS", 0, "settings.status-sync.D365_POLL_SECONDS: "),
        ("settings.portal-web.PUBLIC_URL", "https://portal.example/path", "settings.portal-web.PUBLIC_URL: "),
        ("settings.portal-web.KAFKA_BOOTSTRAP_SERVERS", "k:9093", "settings.portal-web: Additional properties"),
        ("secrets.case-api.DATABASE_URL", "postgresql://…", "secrets.case-api.DATABASE_URL: "),
        ("secrets.case-api.DATABASE_URL", None, "secrets.case-api: 'DATABASE_URL' is a required property"),
        ("files.kafka.KAFKA_CA_FILE", {"secret": "ca"}, "files.kafka.KAFKA_CA_FILE: 'key' is a required property"),
        ("drainSeconds", 301, "drainSeconds: "),
        ("podSecurity.user", 0, "podSecurity.user: "),
        ("services.d365-sync.autoscaling", {"enabled": True}, "services.d365-sync: Additional properties"),
        ("services.case-api.image.digest", "sha256:0", "services.case-api.image.digest: "),
        ("networkPolicy.kafka.to", [], "networkPolicy.kafka.to: "),
        ("networkPolicy.kafka.ports", [], "networkPolicy.kafka.ports: "),
        ("networkPolicy.d365.to", [{}], "networkPolicy.d365.to.0: "),
        ("ingress.controller", "nginx", "ingress.controller: "),
        ("ingress.hosts.portal-web", "https://portal.example", "ingress.hosts.portal-web: "),
    ],
)
def test_a_wrong_value_is_named(place: str, value: Any, named: str) -> None:
    change: Any = value
    for name in reversed(place.split(".")):
        change = {name: change}
    found = refusals(over(values_of(EXAMPLES[0]), change))
    assert [one for one in found if one.startswith(named)], found


def test_without_network_policies_nobody_must_say_where_things_are() -> None:
    example = values_of(EXAMPLES[0])
    open_to_all = over(example, {"networkPolicy": {"enabled": False, "postgresql": {"to": []}, "kafka": {"to": []}}})
    assert refusals(open_to_all) == []


@pytest.mark.parametrize("program", GROUPS)
def test_a_program_is_given_nothing_that_it_does_not_read(program: str) -> None:
    settings = PROGRAMS[program]
    read = {variable(settings, name) for name in settings.model_fields}
    assert {name for group in GROUPS[program] for name in settings_of(group)} <= read
    assert set(settings_of(program)) | BY_THE_CHART | NOT_HERE | {"D365_CATEGORY_TYPES"} >= read


def test_external_secrets_bring_what_the_sample_for_azure_names() -> None:
    values = values_of(HELM_FOLDER / "examples/azure.yaml")
    named = {
        (ref["secret"], ref.get("key", name))
        for group in values["secrets"].values()
        for name, ref in group.items()
    }  # fmt: skip
    objects = list(yaml.safe_load_all((HELM_FOLDER / "examples/azure-external-secrets.yaml").read_text()))
    brought = {
        (one["spec"]["target"]["name"], entry["secretKey"])
        for one in objects
        if one["kind"] == "ExternalSecret"
        for entry in one["spec"]["data"]
    }
    assert brought == named


def test_the_guide_names_values_that_exist() -> None:
    guide = (ROOT / "docs/kubernetes.md").read_text()
    named = set(re.findall(r"`((?:image|settings|secrets|files|services|migrations|restored|topologySpread"
                           r"|podSecurity|ingress|networkPolicy|monitoring)\.[\w.-]+)`", guide))  # fmt: skip
    assert len(named) > 10
    assert [name for name in sorted(named) if not _exists(name.split("."))] == []


def _exists(path: list[str]) -> bool:
    """Whether the schema knows a value by this path."""
    place: Any = json.loads(SCHEMA.read_text())
    for name in path:
        place = place.get("properties", {}).get(name)
        if place is None:
            return False
    return True


def test_every_service_has_its_values() -> None:
    assert set(DEFAULTS["services"]) == set(SERVICES)
    assert {name: set(DEFAULTS[name]) for name in ("secrets", "files")} == {
        name: {"services", "kafka", "oidc", "d365", *SERVICES, "migrate"} for name in ("secrets", "files")
    }
