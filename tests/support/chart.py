"""The generated files of the Helm chart (`make chart`): values.schema.json, and the alert rules. `render` runs Helm."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic_settings import BaseSettings

from case_shared.d365.settings import D365Settings
from case_shared.d365.sign_in_settings import SignInSettings
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.security import KafkaSecurity
from case_shared.process.safe_settings import SafeSettings
from case_shared.process.settings import DatabaseSettings, HttpSettings, OidcSettings, PostgresSettings, ServiceSettings
from tests.support.settings_document import OTHERS, PROGRAMS, owner, variable

ROOT = Path(__file__).parents[2]
HELM_FOLDER = ROOT / "deploy/helm"
CHART = HELM_FOLDER / "casebridge"
SCHEMA = CHART / "values.schema.json"
RULES = ("alerts.yml", "objectives.yml")
SERVICES = ("case-api", "d365-sync", "status-sync", "portal-web")
SCALED = ("case-api", "portal-web")
# What a program reads, as in templates/_settings.tpl; its own group comes last.
GROUPS: Mapping[str, Sequence[str]] = {
    "case-api": ("services", "kafka", "oidc", "case-api"),
    "d365-sync": ("services", "kafka", "oidc", "d365", "d365-sync"),
    "status-sync": ("services", "kafka", "d365", "status-sync"),
    "portal-web": ("services", "oidc", "portal-web"),
    "migrate": ("kafka", "migrate"),
}
# The groups that several programs read, by the classes that declare their settings.
_DECLARED_BY: Mapping[str, tuple[type[Any], ...]] = {
    "services": (SafeSettings, HttpSettings, ServiceSettings, PostgresSettings, DatabaseSettings),
    "kafka": (KafkaSettings, KafkaSecurity),
    "oidc": (OidcSettings,),
    "d365": (SignInSettings, D365Settings),
}
# A setting that another program's group already sets for this one.
_ELSEWHERE = {("case-api", "D365_CATEGORY_TYPES")}
# The chart sets these itself, by its own values or because nothing else would fit.
BY_THE_CHART = {"PORT", "DRAIN_SECONDS", "CASE_API_URL", "D365_SYNC_URL", "D365_MAPPING"}
# Tests' own; and a name that each replica needs for itself, while all of a Deployment have the same environment.
NOT_HERE = {"FAULT_POINTS_DIR", "KAFKA_GROUP_INSTANCE"}
# Azure's webhook mounts this file.
_PATHS = {"D365_FEDERATED_TOKEN_FILE"}
# Read outside the settings classes: by which groups.
_OTHERS: Mapping[str, tuple[str, ...]] = {
    "OTEL_TRACES_SAMPLER": ("services",),
    "OTEL_TRACES_SAMPLER_ARG": ("services",),
    "HTTPS_PROXY": ("d365", "case-api", "migrate"),
    "NO_PROXY": ("d365", "case-api", "migrate"),
}
_FILES_OF_OTHERS: Mapping[str, tuple[str, ...]] = {"SSL_CERT_FILE": ("services", "migrate")}
_KEPT = ("type", "pattern", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength")
_TEXT: Mapping[str, Any] = {"type": "string"}
_NAME: Mapping[str, Any] = {"type": "string", "minLength": 1}
_ANY: Mapping[str, Any] = {"type": "object"}
_LABELS: Mapping[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}
_IMAGE: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"tag": _TEXT, "digest": {"type": "string", "pattern": "^(sha256:[a-f0-9]{64})?$"}},
}
_QUANTITY: Mapping[str, Any] = {"type": ["string", "number"]}


class Setting(NamedTuple):
    """A setting as the chart's values may have it."""

    name: str
    kind: str
    """`settings`, `secrets` or `files`: under which of the values it is."""
    required: bool
    schema: Mapping[str, Any]


def settings_of(group: str) -> dict[str, Setting]:
    """What a group of the values may set, by name."""
    found: dict[str, Setting] = {}
    for program, settings in _programs_of(group):
        for name in settings.model_fields:
            if group in _DECLARED_BY and owner(settings, name) not in _DECLARED_BY[group]:
                continue
            one = _setting(settings, name)
            if one.name not in BY_THE_CHART | NOT_HERE and (program, one.name) not in _ELSEWHERE:
                found[one.name] = one
    return found


def _programs_of(group: str) -> Iterator[tuple[str, type[BaseSettings]]]:
    for program, groups in GROUPS.items():
        if group in groups:
            yield program, PROGRAMS[program]


@cache
def _schema_of(settings: type[BaseSettings]) -> dict[str, Any]:
    return settings.model_json_schema(by_alias=False)


def _setting(settings: type[BaseSettings], name: str) -> Setting:
    schema = _schema_of(settings)
    prop: dict[str, Any] = schema["properties"][name]
    meaning = prop.get("description", "")
    prop = next((one for one in prop.get("anyOf", ()) if one.get("type") != "null"), prop)
    if "$ref" in prop:
        prop = schema["$defs"][prop["$ref"].rpartition("/")[2]]
    field, env = settings.model_fields[name], variable(settings, name)
    kind = "secrets" if "SecretStr" in str(field.annotation) else "settings"
    if prop.get("format") == "file-path" and env not in _PATHS:
        kind = "files"
    known = {key: prop[key] for key in _KEPT if key in prop}
    if known.get("type") == "object":  # JSON, which YAML may spell out
        known = {"type": ["object", "string"]}
    if known.get("type") == "string" and "pattern" not in known and "enum" not in known:
        known.setdefault("minLength", 1)
    return Setting(env, kind, field.is_required(), {"description": meaning, **known})


def _group(kind: str, group: str) -> dict[str, Any]:
    """One group below `settings`, `secrets` or `files`."""
    found = {name: one for name, one in settings_of(group).items() if one.kind == kind}
    reference = {"secrets": {"$ref": "#/definitions/secret"}, "files": {"$ref": "#/definitions/file"}}.get(kind)
    properties: dict[str, Any] = {name: reference or dict(one.schema) for name, one in sorted(found.items())}
    if kind == "settings":
        properties |= {
            name: {"description": OTHERS[name][1], "type": ["string", "number"], "minLength": 1}
            for name, groups in _OTHERS.items()
            if group in groups
        }
    if kind == "files":
        properties |= {name: reference for name, groups in _FILES_OF_OTHERS.items() if group in groups}
    return _object(properties, *sorted(_required(kind, group)))


def _required(kind: str, group: str) -> Iterator[str]:
    """What has no default, in the group where it belongs: the common one, but each service's own database role."""
    if kind == "secrets" and group in SERVICES:
        yield "DATABASE_URL"
        return
    common = set() if group in _DECLARED_BY else {name for shared in _DECLARED_BY for name in settings_of(shared)}
    for name, one in settings_of(group).items():
        if one.kind == kind and one.required and name not in common | {"DATABASE_URL"}:
            yield name


def _object(properties: Mapping[str, Any], *required: str) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": dict(properties)}
    return {**found, "required": [*required]} if required else found


def _each(names: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    return _object({name: dict(schema) for name in names})


def _service(name: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "image": _IMAGE,
        "replicas": {"type": "integer", "minimum": 0},
        "resources": _ANY,
        "serviceAccount": _object({"annotations": _LABELS}),
        "podLabels": _LABELS,
        "podAnnotations": _LABELS,
    }
    if name in SCALED:
        few = {"type": "integer", "minimum": 1}
        properties["autoscaling"] = _object(
            {"enabled": {"type": "boolean"}, "minReplicas": few, "maxReplicas": few, "averageCpu": _QUANTITY}
        )
    return _object(properties)


def _network_policy() -> dict[str, Any]:
    peers: dict[str, Any] = {"type": "array", "items": {"$ref": "#/definitions/peer"}}
    port = {"type": "integer", "minimum": 1, "maximum": 65535}
    ports: dict[str, Any] = {"type": "array", "items": port, "minItems": 1}
    # An empty list would mean everywhere.
    place = _object({"to": {**peers, "minItems": 1}, "ports": ports})
    places = dict.fromkeys(("dns", "postgresql", "kafka", "identityProvider", "d365"), place)
    properties: dict[str, Any] = {
        "enabled": {"type": "boolean"},
        "ingressController": {**peers, "minItems": 1},
        "prometheus": {**peers, "minItems": 1},
        **dict.fromkeys(places, _object({"to": peers, "ports": ports})),
        "collector": _object({"to": peers, "ports": ports}),
    }
    return {
        **_object(properties),
        "if": {"properties": {"enabled": {"const": True}}},
        "then": {"properties": places},
    }


def _definitions() -> dict[str, Any]:
    cidr = {"type": "string", "pattern": "^[0-9A-Fa-f:.]+/[0-9]{1,3}$"}
    block = _object({"cidr": cidr, "except": {"type": "array", "items": cidr}}, "cidr")
    return {
        "secret": _object({"secret": _NAME, "key": _NAME}, "secret"),
        "file": {
            **_object({"secret": _NAME, "configMap": _NAME, "key": _NAME}, "key"),
            "oneOf": [{"required": ["secret"]}, {"required": ["configMap"]}],
        },
        "peer": {
            **_object({"ipBlock": block, "namespaceSelector": _ANY, "podSelector": _ANY}),
            "minProperties": 1,
        },
    }


@cache
def schema() -> dict[str, Any]:
    """The whole of values.schema.json."""
    groups = [*_DECLARED_BY, *GROUPS]
    values = {
        kind: _object({group: _group(kind, group) for group in groups}) for kind in ("settings", "secrets", "files")
    }
    properties: dict[str, Any] = {
        "global": _ANY,
        "nameOverride": _TEXT,
        "fullnameOverride": _TEXT,
        "image": _object(
            {
                "repository": _NAME,
                "tag": _TEXT,
                "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
                "pullSecrets": {"type": "array", "items": _NAME},
            }
        ),
        **values,
        "mapping": _TEXT,
        "drainSeconds": {"type": "integer", "minimum": 0, "maximum": 300},
        "services": _object({name: _service(name) for name in SERVICES}),
        "migrations": _object(
            {
                "enabled": {"type": "boolean"},
                "serviceAccountName": _NAME,
                "deadlineSeconds": {"type": "integer", "minimum": 1},
                "resources": _ANY,
            }
        ),
        "restored": _object({"reason": _TEXT}),
        "check": _object({"company": {"type": "string", "pattern": "^[A-Za-z0-9]{0,4}$"}, "image": _IMAGE}),
        "topologySpread": _object({"whenUnsatisfiable": {"enum": ["ScheduleAnyway", "DoNotSchedule"]}}),
        "podSecurity": _object({"user": {"type": ["integer", "null"], "minimum": 1}}),
        "nodeSelector": _LABELS,
        "tolerations": {"type": "array", "items": _ANY},
        "priorityClassName": _TEXT,
        "ingress": _object(
            {
                "enabled": {"type": "boolean"},
                "hosts": _each(SERVICES, {"type": "string", "pattern": "^([a-z0-9.-]+)?$"}),
                "tlsSecrets": _each(SERVICES, _TEXT),
                "className": _TEXT,
                "controller": {"enum": ["ingress-nginx", "other"]},
                "annotations": _LABELS,
            }
        ),
        "networkPolicy": _network_policy(),
        "monitoring": _object(
            {
                "enabled": {"type": "boolean"},
                "labels": _LABELS,
                "interval": {"type": "string", "pattern": "^[0-9]+(s|m)$"},
            }
        ),
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart casebridge",
        **_object(properties),
        "definitions": _definitions(),
    }


def files() -> dict[Path, str]:
    """The chart's generated files, with their contents."""
    rules = {CHART / "files" / name: (ROOT / "deploy/prometheus" / name).read_text() for name in RULES}
    return {SCHEMA: json.dumps(schema(), indent=1) + "\n", **rules}


def tool(name: str) -> str | None:
    """A program, if it is here: on the path, where `make helm` puts it, or where Go does."""
    places = (None, str(ROOT / ".tools/go"), str(Path.home() / "go/bin"))
    return next((found for place in places if (found := shutil.which(name, path=place))), None)


def helm() -> str | None:
    """Helm, if it is here."""
    return tool("helm")


class Refused(Exception):
    """Helm does not render these values; the message is its own."""


def render(values: Sequence[Path], *sets: str, chart: Path = CHART) -> list[dict[str, Any]]:
    """Return the objects of a release called casebridge in the namespace dealers. Raises: `Refused`."""
    program = helm()
    assert program, "ask helm() first"
    command = [program, "template", "casebridge", str(chart), "--namespace", "dealers"]
    command += [f"--values={path}" for path in values]
    command += [f"--set={one}" for one in sets]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Refused(done.stderr)
    return [one for one in yaml.safe_load_all(done.stdout) if one]


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
