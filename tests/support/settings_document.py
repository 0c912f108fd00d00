"""Generates docs/settings.md from the settings classes of all programs (`make settings`)."""

import json
import re
from collections.abc import Iterator
from functools import cache
from inspect import get_annotations
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings

import case_api.settings
import d365_sync.settings
import portal_web.settings
import status_sync.settings
from case_shared.d365.check.settings_step import CheckSettings
from case_shared.d365.settings import D365Settings
from case_shared.d365.sign_in_settings import SignInSettings
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.event_hub import InboundTopic
from case_shared.kafka.migrate import MigrateSettings
from case_shared.kafka.security import KafkaSecurity
from case_shared.process.safe_settings import SafeSettings
from case_shared.process.settings import (
    DatabaseSettings,
    HttpSettings,
    MigrationSettings,
    OidcSettings,
    PostgresSettings,
    ServiceSettings,
)
from case_shared.web.limits import UserLimitSettings
from case_shared.web.token_steps import TokenSettings
from casebridge.oidc.settings import OidcProviderSettings
from d365_sandbox.settings import Settings as SandboxSettings
from d365_sandbox.setup import Setup


class CheckedAndKept(CheckSettings, PostgresSettings):
    """What `casebridge d365 check` reads: PostgreSQL's only where DATABASE_URL is set, to keep the result."""


PROGRAMS: dict[str, type[BaseSettings]] = {
    "case-api": case_api.settings.Settings,
    "d365-sync": d365_sync.settings.Settings,
    "status-sync": status_sync.settings.Settings,
    "portal-web": portal_web.settings.Settings,
    "migrate": MigrateSettings,
    "d365 check": CheckedAndKept,
    "identity check": TokenSettings,
    "development provider": OidcProviderSettings,
    "sandbox": SandboxSettings,
}
SERVICES = list(PROGRAMS)[:4]
# A setting appears where it is declared first, with the classes that override its default.
SECTIONS: dict[str, tuple[type[BaseModel], ...]] = {
    "Each service": (SafeSettings, HttpSettings, ServiceSettings),
    "PostgreSQL": (PostgresSettings, DatabaseSettings, MigrationSettings),
    "Kafka": (KafkaSettings, KafkaSecurity),
    "The identity provider": (OidcSettings,),
    "D365": (SignInSettings, D365Settings, InboundTopic),
    "Limits of users and applications": (UserLimitSettings,),
    "case-api": (case_api.settings.Settings,),
    "d365-sync": (d365_sync.settings.Settings,),
    "status-sync": (status_sync.settings.Settings,),
    "portal-web": (portal_web.settings.Settings,),
    "The development identity provider": (OidcProviderSettings,),
    "The sandbox": (SandboxSettings,),
    "The sandbox's setup": (Setup,),
}
UNITS = {
    "_per_minute": "per minute",
    "_seconds": "seconds",
    "_minutes": "minutes",
    "_hours": "hours",
    "_days": "days",
    "_bytes": "bytes",
}
FORMATS = {"password": "**secret** text", "file-path": "file", "directory-path": "folder", "path": "path"}
_BY_PROXY = "d365-sync, status-sync, case-api, migrate, casebridge"
# Variables read outside the settings classes; a test compares the names with the sources.
OTHERS = {
    "CASEBRIDGE_URL": ("casebridge", "The address of d365-sync, like `--url`. Default: the local stack's."),
    "CASEBRIDGE_TOKEN": ("casebridge", "Secret: the access token, like `--token`. Default: from the local stack."),
    "CASEBRIDGE_URLS": ("casebridge", "The addresses of a stack elsewhere: case-api=http://…,sandbox=http://…."),
    "CASEBRIDGE_ZONE": ("casebridge", "The time zone for all times, like `--zone`. Default: the computer's."),
    "CASEBRIDGE_CACHE_DIR": ("casebridge", "The folder for downloaded servers."),
    "NO_COLOR": ("casebridge", "If set to any value, the output has no colors."),
    "PROBE_URL": ("images", "The address that an image's health check requests."),
    "HTTPS_PROXY": (
        _BY_PROXY,
        "The proxy to D365, to its token endpoint, to KAFKA_OAUTH_TOKEN_URL, and from `casebridge` to --url.",
    ),
    "NO_PROXY": (_BY_PROXY, "Hosts to reach without the proxy, separated by commas."),
    "OTEL_TRACES_SAMPLER": (
        "services",
        "OpenTelemetry's setting for which of the traces that begin here are sent. Default: all.",
    ),
    "OTEL_TRACES_SAMPLER_ARG": ("services", "The share of these traces, from 0 to 1, with `parentbased_traceidratio`."),
    "SSL_CERT_FILE": (
        "all",
        (
            "A file with the certificate authorities to trust: the system's and your own. Default: the system's. With "
            "Docker Compose, set CA_FILE in .env."
        ),
    ),
    "SSL_CERT_DIR": ("all", "A folder with the certificate authorities to trust."),
}
HEAD = """# Settings

`make settings` writes this page from the settings classes, and a test compares them. All settings are environment
variables. An empty or blank variable counts as not set. When a program starts, it names every setting that is missing
or wrong, and exits with 2.

With Docker Compose, write the settings into `.env`. [.env.example](../.env.example) lists those that Compose passes on,
and the passwords and ports that only Compose needs. After a change, run `docker compose up --detach`, which replaces
the containers whose settings changed: `docker compose restart` does not read `.env` again. Secrets are marked; they
never appear in logs. Each secret, except those of the sandbox, can be in a file: set `NAME_FILE` instead of `NAME`
([postgresql.md](postgresql.md#secrets-as-files)).

In the column "read by", `services` means case-api, d365-sync, status-sync and portal-web; `migrate` means this command
and `restored` of case-api and d365-sync; `d365 check` means `casebridge d365 check`, which needs `DATABASE_URL` only to
keep its result, and so on.
"""


class Row(NamedTuple):
    """A setting of one or several programs."""

    name: str
    programs: str
    value: str
    default: str
    meaning: str


def owner(settings: type[BaseModel], name: str) -> type[BaseModel]:
    """The class that declares a setting first."""
    return [one for one in settings.__mro__ if name in get_annotations(one)][-1]


def variable(settings: type[BaseSettings], name: str) -> str:
    """The environment variable of a setting."""
    return (settings.model_config.get("env_prefix", "") + name).upper()


def rows(classes: tuple[type[BaseModel], ...]) -> list[Row]:
    """The settings that these classes declare."""
    found: dict[str, list[tuple[str, type[BaseSettings], str]]] = {}
    for declaring in classes:
        for program, settings in PROGRAMS.items():
            for name in settings.model_fields:
                if owner(settings, name) is declaring:
                    found.setdefault(variable(settings, name), []).append((program, settings, name))
    return [_row(name, uses) for name, uses in found.items()]


def _row(variable_name: str, uses: list[tuple[str, type[BaseSettings], str]]) -> Row:
    programs = [program for program, _, _ in uses]
    if programs[: len(SERVICES)] == SERVICES:
        programs[: len(SERVICES)] = ["services"]
    defaults = [(_default(settings, name), program) for program, settings, name in uses]
    usual = max((text for text, _ in defaults), key=[text for text, _ in defaults].count)
    others = "".join(f"; {program}: {text}" for text, program in defaults if text != usual)
    _, settings, name = uses[-1]
    meaning = settings.model_fields[name].description or ""
    return Row(variable_name, ", ".join(programs), _value(settings, name), usual + others, meaning)


def _default(settings: type[BaseSettings], name: str) -> str:
    field = settings.model_fields[name]
    if field.is_required():
        others = [str(one).upper() for one in getattr(field.validation_alias, "choices", ())[1:]]
        return f"`{others[0]}`" if others else "**required**"
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if value in (None, "", {}, [], ()):
        return "none"
    return f"`{_text(value)}`"


def _text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return json.dumps(value)
        case _:
            return str(value)


def _value(settings: type[BaseSettings], name: str) -> str:
    schema = _schema(settings)
    prop: dict[str, Any] = schema["properties"][name]
    prop = next((one for one in prop.get("anyOf", ()) if one.get("type") != "null"), prop)
    if "$ref" in prop:
        prop = schema["$defs"][prop["$ref"].rpartition("/")[2]]
    choices = prop.get("enum") or _alternatives(prop.get("pattern", ""))
    if choices:
        return ", ".join(f"`{one}`" for one in choices)
    kind = prop.get("type")
    if kind in {"integer", "number"}:
        return " ".join(filter(None, (_unit(name, whole=kind == "integer"), _bounds(prop))))
    if kind == "boolean":
        return "`true` or `false`"
    if kind in {"array", "object"}:
        return "JSON"
    plain = "http(s) address" if "https?:" in prop.get("pattern", "") else "text"
    return FORMATS.get(prop.get("format", ""), plain)


@cache
def _schema(settings: type[BaseSettings]) -> dict[str, Any]:
    return settings.model_json_schema(by_alias=False)


def _alternatives(pattern: str) -> list[str]:
    match = re.fullmatch(r"\^\(([\w|-]+)\)\$", pattern)
    return match[1].split("|") if match else []


def _unit(name: str, *, whole: bool) -> str:
    return next((unit for end, unit in UNITS.items() if name.endswith(end)), "whole number" if whole else "number")


def _bounds(prop: dict[str, Any]) -> str:
    least, most, above = (prop.get(name) for name in ("minimum", "maximum", "exclusiveMinimum"))
    if least is not None and most is not None:
        return f"({least:g}-{most:g})" if most < 1_000_000 else f"({least:g}-{most:,})"
    bounds = (f"above {above:g}" if above is not None else "", f"from {least:g}" if least is not None else "")
    text = ", ".join(filter(None, (*bounds, f"at most {most:g}" if most is not None else "")))
    return f"({text})" if text else ""


def document() -> str:
    """The whole of docs/settings.md."""
    return HEAD + "".join(_lines())


def _lines() -> Iterator[str]:
    for title, classes in SECTIONS.items():
        yield f"\n## {title}\n\n| setting | read by | value | default | meaning |\n| --- | --- | --- | --- | --- |\n"
        for row in rows(classes):
            cells = (f"`{row.name}`", row.programs, row.value, row.default, row.meaning)
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
    yield "\n## Everything else\n\n| variable | read by | meaning |\n| --- | --- | --- |\n"
    for name, (program, meaning) in OTHERS.items():
        yield f"| `{name}` | {program} | {meaning} |\n"


if __name__ == "__main__":
    print(document(), end="")
