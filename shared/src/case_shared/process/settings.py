"""Settings come from the environment; a start reports what is wrong or missing before it does anything."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    DirectoryPath,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_core import from_json
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from case_shared.process.database_urls import hosts_of
from case_shared.process.safe_settings import SafeSettings
from case_shared.process.secret_files import SecretFileSettings, UnusableSecretFile
from case_shared.words.scopes import Scope

SettingsT = TypeVar("SettingsT", bound=BaseSettings)
Port = Annotated[int, Field(ge=1, le=65535)]
# Longer than the 60 s of usual load balancers: we never close a connection that they are about to use.
KEEP_ALIVE_SECONDS = 75
BODY_SECONDS = 10.0
# Prepared statements that a connection keeps: more than there are.
STATEMENTS = 500
Days = Annotated[float, Field(gt=0, le=3650)]


def _decoded(value: Any) -> Any:
    return from_json(value) if isinstance(value, str) else value


def _known_scopes(text: str) -> str:
    unknown = [word for word in text.split() if word not in set(Scope)]
    if unknown or not text.split():
        raise ValueError(f"{' '.join(unknown) or 'nothing'} is not a scope; use {', '.join(Scope)}")
    return text


def _postgresql(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("postgres://", "postgresql://")):
        raise ValueError("it must begin with postgresql://")
    try:
        hosts_of(url.get_secret_value())
    except ValueError:
        raise ValueError("each host must be name, name:port or [IPv6]:port, separated by commas") from None
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
        description="The origins of the front ends that may call from a browser, separated by commas, such as "
        "https://portal.example. * allows all.",
    )
    body_timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        default=BODY_SECONDS, description="How long the body of a request may take to arrive."
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="The bearer token for /metrics. Without it, only this machine can read the metrics.",
    )
    hsts_seconds: Annotated[int, Field(ge=0)] = Field(
        default=0,
        description="How long browsers insist on TLS (HSTS). Set it only if all addresses use TLS; 0 turns it off.",
    )


class ServiceSettings(HttpSettings, SafeSettings):
    """The settings of every service."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    host: str = Field(default="127.0.0.1", description="The address to listen on.")
    keep_alive_seconds: Annotated[int, Field(ge=1)] = Field(
        default=KEEP_ALIVE_SECONDS,
        description="How long an idle connection stays open. Use a longer time than the proxy in front.",
    )
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="The lowest level to log."
    )
    log_format: str = Field(
        default="json",
        pattern="^(json|console)$",
        description="The format of the log: one JSON object per line, or text for people.",
    )
    trusted_proxies: str = Field(
        default="",
        description="The addresses of proxies whose X-Forwarded-For is trusted, separated by commas. Default: none.",
    )
    client_timeout_seconds: float = Field(
        default=30,
        gt=0,
        le=3600,
        description="How long a client may read nothing of its response before it is disconnected.",
    )
    drain_seconds: float = Field(
        default=0,
        ge=0,
        le=300,
        description="After SIGTERM /readyz fails for this long while everything else goes on, so that load balancers "
        "send nothing more; then the service stops. Grant the stop 20 seconds on top of it.",
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        default=None,
        description="The address of the OpenTelemetry collector. Without it, the service sends no traces.",
    )
    fault_points_dir: DirectoryPath | None = Field(
        default=None, description="For tests only: the folder that arms faults."
    )


class Pooler(StrEnum):
    """The connection pooler between a service and PostgreSQL, if any."""

    NONE = "none"
    TRANSACTION = "transaction"


class PostgresSettings(SecretFileSettings):
    """Where PostgreSQL is, and what is in between."""

    database_url: DatabaseUrl = Field(
        description="The database address for the service's own role: postgresql://user:password@host:port/name. Of "
        "several hosts, separated by commas, the primary is used."
    )
    database_pooler: Pooler = Field(
        default=Pooler.NONE,
        description="What DATABASE_URL leads to: PostgreSQL itself, or a pooler (PgBouncer) that gives connections to "
        "others after each transaction (docs/postgresql.md).",
    )
    database_statement_cache_size: Annotated[int, Field(ge=0, le=10_000)] = Field(
        default=STATEMENTS,
        description="How many statements a connection keeps prepared. 0 for PgBouncer before 1.21, or with "
        "max_prepared_statements = 0.",
    )


class DatabaseSettings(PostgresSettings):
    """How a service uses PostgreSQL."""

    database_pool_size: Annotated[int, Field(ge=2, le=64)] = Field(
        default=12, description="The most database connections of one process."
    )
    database_command_timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        default=60, description="How long an SQL statement may take. Longer ones are canceled."
    )
    retention_sweep_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        default=300,
        description="How often the service removes what has passed its retention time (RETENTION_…).",
    )


class MigrationSettings(SafeSettings):
    """How the one-shot migration reaches PostgreSQL: as the role that owns the schemas."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    migrations_database_url: DatabaseUrl = Field(
        validation_alias=AliasChoices("migrations_database_url", "database_url"),
        description="The database address for the role case_migrations, which owns the schemas.",
    )
    migrations_revision: str = Field(
        default="head",
        description="The revision to migrate to. `expand` leaves out the migrations that drop what the last release "
        "uses: set it while replicas of that release run, and as long as you may go back to it.",
    )


class OidcSettings(BaseSettings):
    """Whose tokens are trusted, and the names of their claims (docs/identity-providers.md).

    A claim's name may be a path, such as `realm_access.roles`; of several names, separated by commas, scopes come from
    all claims, the username from the first one that the token has.
    """

    oidc_issuer: str = Field(
        pattern="^https?://", description="The issuer of the identity provider, exactly as in `iss` of its tokens."
    )
    oidc_discovery_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="The address of the provider's discovery document, if it is not below the issuer.",
    )
    oidc_audience: Names = Field(
        default="casebridge",
        description="What `aud` in a token must contain: one of these values, separated by commas.",
    )
    oidc_dealers_claim: Name = Field(
        default="dealers", description="The claim with the dealers that the caller acts for."
    )
    oidc_dealers_prefix: str = Field(
        default="",
        pattern=r"^\S*$",
        description="The prefix of a dealer in that claim, such as /dealers/ for groups. Others are ignored.",
    )
    oidc_scope_claim: Names = Field(
        default="scope", description="The claims with scopes or roles, separated by commas."
    )
    oidc_username_claim: Names = Field(
        default="preferred_username",
        description="The claims with the username, separated by commas. The first one in the token counts.",
    )
    oidc_scope_map: ScopeMap = Field(
        default={},
        description='Our scopes for each role or scope in a token, as JSON: {"Dealer": "cases:read cases:write"}.',
    )

    @field_validator("oidc_discovery_url")
    @classmethod
    def _with_one_slash(cls, url: str | None) -> str | None:
        """Join what docker-compose.yml makes of an issuer that ends in `/`, as those of Auth0 and Authentik do."""
        return url and url.replace("//.well-known/", "/.well-known/")


def names(text: str) -> list[str]:
    """Return the entries of a setting that takes several, separated by commas."""
    return [name.strip() for name in text.split(",")]


def load_settings(settings: type[SettingsT]) -> SettingsT:
    """Read `settings` from the environment, or report every wrong and missing variable and exit with 2."""
    try:
        return settings()
    except (UnusableSecretFile, ValidationError) as error:
        print("\n".join(explain(settings, error)), file=sys.stderr)
        raise SystemExit(2) from None


def problems_of(settings: type[BaseSettings]) -> list[str]:
    """Return what is wrong with `settings` in the environment, a line for each."""
    try:
        settings()
    except (UnusableSecretFile, ValidationError) as error:
        return list(explain(settings, error))
    return []


def explain(settings: type[BaseSettings], error: UnusableSecretFile | ValidationError) -> Iterator[str]:
    """Yield a line for every wrong and missing variable."""
    if isinstance(error, UnusableSecretFile):
        yield str(error)
        return
    for problem in error.errors(include_url=False, include_input=False):
        # A check over several settings has no location; its message names them.
        name, *within = [str(part) for part in problem["loc"]] or [""]
        field = settings.model_fields.get(name.lower())
        meaning = (field.description if field else None) or ""
        cause = ": ".join([*within, problem["msg"].removeprefix("Value error, ")])
        line = f"{name.upper()}: {cause}. {meaning}" if name else cause
        if problem["type"] == "missing":
            line = f"Set {name.upper()}: {meaning[:1].lower()}{meaning[1:]}"
        yield from line.rstrip().splitlines()
