"""Settings come from the environment; a start reports what is wrong or missing before it does anything."""

import sys
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AliasChoices, BeforeValidator, DirectoryPath, Field, SecretStr, ValidationError
from pydantic_core import from_json
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from case_shared.process.safe_settings import SafeSettings
from case_shared.words.scopes import Scope

SettingsT = TypeVar("SettingsT", bound=BaseSettings)
Port = Annotated[int, Field(ge=1, le=65535)]
# Longer than the 60 s of usual load balancers: we never close a connection that they are about to use.
KEEP_ALIVE_SECONDS = 75
BODY_SECONDS = 10.0
Days = Annotated[float, Field(gt=0, le=3650)]


def _decoded(value: Any) -> Any:
    return from_json(value) if isinstance(value, str) else value


def _known_scopes(text: str) -> str:
    unknown = [word for word in text.split() if word not in set(Scope)]
    if unknown or not text.split():
        raise ValueError(f"{' '.join(unknown) or 'nothing'} is no scope; there are {', '.join(Scope)}")
    return text


def _postgresql(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("postgres://", "postgresql://")):
        raise ValueError("it must begin with postgresql://")
    return url


# Secret: it contains the password.
DatabaseUrl = Annotated[SecretStr, AfterValidator(_postgresql)]
Name = Annotated[str, Field(min_length=1)]
# One or several, separated by commas.
Names = Annotated[str, Field(pattern=r"^[^,\s]+(\s*,\s*[^,\s]+)*$")]
# The provider's name of a role or scope, and our scopes that it means.
ScopeMap = Annotated[dict[Name, Annotated[str, AfterValidator(_known_scopes)]], NoDecode, BeforeValidator(_decoded)]


class HttpSettings(BaseSettings):
    """What browsers may do, and how long clients may take."""

    cors_origins: str | None = Field(
        default=None,
        pattern=r"^(\*|https?://[^/,\s]+(\s*,\s*https?://[^/,\s]+)*)$",
        description="Origins of the front ends that may call from a browser, separated by commas: "
        "https://portal.example. * allows any.",
    )
    body_timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        default=BODY_SECONDS, description="The body of a request must arrive within this time."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Bearer token that /metrics asks for. Without it only this machine may read them.",
    )
    hsts_seconds: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="How long browsers insist on TLS (HSTS), where everything is behind TLS; 0 turns it off.",
    )


class ServiceSettings(HttpSettings, SafeSettings):
    """The settings of every service."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    keep_alive_seconds: Annotated[int, Field(ge=1)] = Field(
        default=KEEP_ALIVE_SECONDS,
        description="How long an idle connection is kept open. Make it longer than the proxy in front keeps it.",
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="The lowest level that is logged."
    )
    log_format: str = Field(
        default="json", pattern="^(json|console)$", description="One JSON object a line, or text for people."
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses of the proxies whose X-Forwarded-For is trusted, separated by commas. Default: none.",
    )
    client_timeout_seconds: float = Field(
        default=30,
        gt=0,
        le=3600,
        description="A client that reads nothing of its response for this long is disconnected.",
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None,
        description="Address of the OpenTelemetry collector that gets the traces. Without it there are none.",
    )
    fault_points_dir: DirectoryPath | None = Field(
        default=None, description="For tests only: the folder in which faults are armed."
    )


class DatabaseSettings(BaseSettings):
    """Where PostgreSQL is."""

    database_url: DatabaseUrl = Field(
        description="postgresql://user:password@host:port/name of the service's own role."
    )
    database_pool_size: Annotated[int, Field(ge=2, le=64)] = Field(
        default=12, description="The most connections to PostgreSQL that one process opens."
    )
    database_command_timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        default=60, description="A statement that takes longer is given up."
    )
    retention_sweep_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=300,
        description="How often the service looks for what it has kept long enough (RETENTION_…) and removes it.",
    )


class MigrationSettings(SafeSettings):
    """How the one-shot migration reaches PostgreSQL: as the role that owns the schemas."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    migrations_database_url: DatabaseUrl = Field(
        validation_alias=AliasChoices("migrations_database_url", "database_url"),
        description="postgresql://… of the role case_migrations, which owns the schemas.",
    )
    migrations_revision: str = Field(
        default="head",
        description="The last revision to migrate to; another one while replicas of older code still run.",
    )


class OidcSettings(BaseSettings):
    """Whose tokens are trusted, and the names of their claims (docs/identity-providers.md).

    A claim's name may be a path, such as `realm_access.roles`; of several names, separated by commas, scopes come from
    all claims, the username from the first one that the token has.
    """

    oidc_issuer: str = Field(
        pattern="^https?://", description="The identity provider: the issuer, exactly as `iss` in its tokens."
    )
    oidc_discovery_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Address of its discovery document, where that is not below the issuer.",
    )
    oidc_audience: Names = Field(
        default="casebridge",
        description="What `aud` in a token must contain: this, or one of several separated by commas.",
    )
    oidc_dealers_claim: Name = Field(default="dealers", description="Claim with the dealers that the caller acts for.")
    oidc_dealers_prefix: str = Field(
        default="",
        pattern=r"^\S*$",
        description="What precedes a dealer in that claim, such as /dealers/ of groups; other values are ignored.",
    )
    oidc_scope_claim: Names = Field(default="scope", description="Claims with scopes or roles, separated by commas.")
    oidc_username_claim: Names = Field(
        default="preferred_username",
        description="Claims with the username, separated by commas: the first that a token has.",
    )
    oidc_scope_map: ScopeMap = Field(
        default={},
        description='The scopes that a role or scope means, as JSON: {"Dealer": "cases:read cases:write"}.',
    )


def names(text: str) -> list[str]:
    """Return the entries of a setting that takes several, separated by commas."""
    return [name.strip() for name in text.split(",")]


def load_settings(settings: type[SettingsT]) -> SettingsT:
    """Read `settings` from the environment, or report every wrong and missing variable and exit with 2."""
    try:
        return settings(_env_ignore_empty=True)  # an empty variable counts as not set: Compose passes such on
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            # A check over several settings has no location; its message names them.
            name, *within = [str(part) for part in problem["loc"]] or [""]
            field = settings.model_fields.get(name.lower())
            hint = f". {field.description}" if field and field.description else ""
            cause = (
                "is missing"
                if problem["type"] == "missing"
                else ": ".join([*within, problem["msg"].removeprefix("Value error, ")])
            )
            name = name.upper()
            print(f"{name}: {cause}{hint}" if name else cause, file=sys.stderr)
        raise SystemExit(2) from None
