"""Settings come from the environment; what is wrong or missing is named before anything starts."""

import sys
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AliasChoices, BeforeValidator, DirectoryPath, Field, ValidationError
from pydantic_core import from_json
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SettingsT = TypeVar("SettingsT", bound=BaseSettings)
Port = Annotated[int, Field(ge=1, le=65535)]
# Longer than the 60 s of usual load balancers, so that it is never we who close what they are about to use.
KEEP_ALIVE_SECONDS = 75
Days = Annotated[float, Field(gt=0, le=3650)]
SCOPES = ("cases:read", "cases:write", "cases:submit", "documents:read", "documents:write", "audit:read")


def _decoded(value: Any) -> Any:
    return from_json(value) if isinstance(value, str) else value


def _known_scopes(text: str) -> str:
    unknown = [word for word in text.split() if word not in SCOPES]
    if unknown or not text.split():
        raise ValueError(f"{' '.join(unknown) or 'nothing'} is no scope; there are {', '.join(SCOPES)}")
    return text


Name = Annotated[str, Field(min_length=1)]
# One or several, separated by commas.
Names = Annotated[str, Field(pattern=r"^[^,\s]+(\s*,\s*[^,\s]+)*$")]
# What a provider calls a role or a scope, and the scopes of ours that it stands for.
ScopeMap = Annotated[dict[Name, Annotated[str, AfterValidator(_known_scopes)]], NoDecode, BeforeValidator(_decoded)]


class HttpSettings(BaseSettings):
    """What browsers are told."""

    cors_origins: str | None = Field(
        default=None,
        pattern=r"^(\*|https?://[^/,\s]+(\s*,\s*https?://[^/,\s]+)*)$",
        description="origins of front ends that call from a browser, by comma: https://portal.example; * is any",
    )
    hsts_seconds: Annotated[int, Field(ge=0)] = Field(default=0, description="HSTS; only where all is behind TLS")


class ServiceSettings(HttpSettings):
    """What each service is told about itself."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    host: str = Field(default="127.0.0.1", description="address to listen on")
    keep_alive_seconds: Annotated[int, Field(ge=1)] = Field(
        default=KEEP_ALIVE_SECONDS,
        description="for how long an idle connection is kept; longer than the proxy keeps it",
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: str = Field(default="json", pattern="^(json|console)$")
    client_timeout_seconds: float = Field(
        default=30, gt=0, le=3600, description="a client that takes nothing of its answer for so long is cut off"
    )
    otel_exporter_otlp_endpoint: str | None = Field(default=None, description="where traces go; none: nowhere")
    fault_points_dir: DirectoryPath | None = Field(default=None, description="tests only: where faults are armed")


class DatabaseSettings(BaseSettings):
    """Where PostgreSQL is."""

    database_url: str = Field(pattern="^postgres(ql)?://", description="postgresql://user:password@host:port/name")
    database_pool_size: Annotated[int, Field(ge=2, le=64)] = 12
    database_command_timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        default=60, description="after which a statement is given up"
    )


class MigrationSettings(BaseSettings):
    """How the one-shot migration reaches PostgreSQL: as the role that owns the schemas."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    migrations_database_url: str = Field(
        validation_alias=AliasChoices("migrations_database_url", "database_url"),
        pattern="^postgres(ql)?://",
        description="URL of role case_migrations; none: DATABASE_URL",
    )


class OidcSettings(BaseSettings):
    """Whose tokens are trusted, and what the claims are called there (docs/identity-providers.md).

    A claim's name may be a path, `realm_access.roles`; where several are named, by comma, scopes are taken from all,
    the username from the first that the token has.
    """

    oidc_issuer: str = Field(pattern="^https?://", description="issuer, as the tokens' `iss` has it")
    oidc_discovery_url: str | None = Field(
        default=None, pattern="^https?://", description="where its discovery document is read, if not below the issuer"
    )
    oidc_audience: Names = Field(default="casebridge", description="what `aud` must have; one of several, by comma")
    oidc_dealers_claim: Name = Field(default="dealers", description="claim with the slugs of the caller's dealers")
    oidc_scope_claim: Names = Field(default="scope", description="claims with scopes or roles, by comma")
    oidc_username_claim: Names = Field(default="preferred_username", description="claims with the username, by comma")
    oidc_scope_map: ScopeMap = Field(default={}, description='JSON: {"Their.Role": "cases:read cases:write"}')


def names(text: str) -> list[str]:
    """The entries of a setting that takes several, by comma."""
    return [name.strip() for name in text.split(",")]


def load_settings(settings: type[SettingsT]) -> SettingsT:
    """Read `settings` from the environment, or name every wrong and missing variable and exit with 2."""
    try:
        return settings(_env_ignore_empty=True)  # a variable that is empty is not set: Compose passes such on
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            # A check over several settings has no location of its own; its message names them.
            name, *within = [str(part) for part in problem["loc"]] or [""]
            field = settings.model_fields.get(name.lower())
            hint = f" ({field.description})" if field and field.description else ""
            cause = "is missing" if problem["type"] == "missing" else ": ".join([*within, problem["msg"]])
            name = name.upper()
            print(f"{name}: {cause}{hint}" if name else cause, file=sys.stderr)
        raise SystemExit(2) from None
