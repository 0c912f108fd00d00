"""Everything that can be set, from the environment (prefix `SANDBOX_`) or the command line."""

import json
import ssl
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from d365_sandbox.faults import Fault, FaultKind
from d365_sandbox.setup import Setup

PREFIX = "SANDBOX_"


class Settings(Setup, BaseSettings):
    """The sandbox's settings, including its initial set-up; times in seconds, sizes in bytes or characters as named."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True, str_strip_whitespace=True
    )

    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8365, ge=0, le=65535, description="The port to listen on; 0 uses a free port.")
    data_file: Path = Field(
        Path("d365-sandbox.sqlite3"),
        description="The SQLite file with all data. A new file starts with sample data.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="The lowest level to log.")

    tls_certificate: Path | None = Field(
        None, description="A PEM file with the TLS certificate. Without it, the sandbox serves plain http."
    )
    tls_key: Path | None = Field(
        None, description="A PEM file with the certificate's key, if it is not in the certificate file."
    )

    client_id: str = Field("casebridge", min_length=1, description="The ID of the application that may request tokens.")
    client_secret: SecretStr = Field(min_length=1, description="The secret of that application.")
    client_certificate: Path | None = Field(
        None, description="A PEM certificate that the application may use to sign client assertions instead."
    )
    federated_issuer: str = Field("", description="Federated credential: the issuer of the tokens.")
    federated_subject: str = Field("", description="Federated credential: the subject of the tokens.")
    federated_keys: Path | None = Field(None, description="Federated credential: a JWKS file with the issuer's keys.")
    token_lifetime_seconds: int = Field(3600, ge=1, description="How long an access token is valid.")

    customers: int = Field(
        5, ge=1, le=100_000, description="The number of customers that a new data file has in each of usmf and demf."
    )
    max_query_bytes: int = Field(
        16_384,
        ge=256,
        le=60_000,
        description="The longest path with query. For longer ones the answer is 404, as in IIS.",
    )

    timeout_seconds: float = Field(
        120, gt=0, description="D365's own time limit for a request. Longer requests end with 504."
    )
    latency_seconds: float = Field(0, ge=0, description="The minimum time for an OData answer.")
    max_concurrent: int = Field(
        0, ge=0, description="The number of parallel requests before the answer is 429; 0 means no limit."
    )
    faults: Annotated[list[Fault], NoDecode] = Field([], description="The faults at the start, as a JSON list.")
    seed: int | None = Field(None, description="A seed that makes random faults repeatable. Default: random.")
    request_log_size: int = Field(500, ge=1, le=100_000, description="How many of the last requests the log keeps.")

    kafka_bootstrap_servers: str = Field(
        "",
        description="Kafka's addresses for business events, separated by commas. If empty, no events go to Kafka.",
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="Whether to connect to Kafka with TLS (SSL) and as a user (SASL)."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "PLAIN", description="How the user signs in to Kafka."
    )
    kafka_sasl_username: str = Field("", description="The sandbox's user in Kafka.")
    kafka_sasl_password: SecretStr = Field(SecretStr(""), description="The password of that user.")
    events_topic: str = Field("d365.case-events.v1", min_length=1, description="The topic for business events.")
    events_https_url: str = Field(
        "",
        pattern=r"^(https?://.+)?$",
        description="The HTTPS address for business events. If empty, no events go there.",
    )
    events_https_secret: SecretStr = Field(
        SecretStr(""),
        description="The secret to send with events by HTTPS. SANDBOX_EVENTS_SECRET_AS says where to put it.",
    )
    events_retries: int = Field(3, ge=0, description="How many times a refused event is sent again.")
    events_retry_seconds: float = Field(1.0, ge=0, description="The wait before a refused event is sent again.")
    events_timeout_seconds: float = Field(
        10, gt=0, description="How long to wait for the receiver's answer. After that, the event counts as refused."
    )

    clerk: Literal["off", "auto"] = Field(
        "off", description="`auto` moves each case from the portal through its statuses to Closed."
    )
    clerk_step_seconds: float = Field(2.0, gt=0, description="The time between two status changes.")

    @field_validator("faults", mode="before")
    @classmethod
    def _read_faults(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    @property
    def setup(self) -> Setup:
        """The set-up of the start."""
        return Setup(**{name: getattr(self, name) for name in Setup.model_fields})

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS context, if a certificate is given; raises `OSError` if it cannot be read."""
        if self.tls_certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.tls_certificate, self.tls_key)
        return context

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The names of the configured endpoints for business events."""
        named = {"kafka": self.kafka_bootstrap_servers, "https": self.events_https_url}
        return tuple(name for name, value in named.items() if value)

    @property
    def kafka_connection(self) -> dict[str, Any]:
        """The arguments for aiokafka to connect to the Kafka endpoint."""
        arguments: dict[str, Any] = {
            "bootstrap_servers": [one.strip() for one in self.kafka_bootstrap_servers.split(",")],
            "security_protocol": self.kafka_security_protocol,
        }
        if self.kafka_security_protocol.endswith("SSL"):
            arguments["ssl_context"] = ssl.create_default_context()
        if self.kafka_security_protocol.startswith("SASL"):
            arguments["sasl_mechanism"] = self.kafka_sasl_mechanism
            arguments["sasl_plain_username"] = self.kafka_sasl_username
            arguments["sasl_plain_password"] = self.kafka_sasl_password.get_secret_value()
        return arguments

    @property
    def initial_faults(self) -> list[Fault]:
        """The faults from the start: the configured ones, and the limit of concurrent requests."""
        faults = list(self.faults)
        if self.max_concurrent:
            faults.append(Fault(kind=FaultKind.RATE_LIMIT, limit=self.max_concurrent))
        return faults


def explain(error: ValidationError) -> list[str]:
    """One line for every wrong or missing setting, by the name of its variable."""
    return [f"{PREFIX}{_name(item['loc'])}: {item['msg']}" for item in error.errors()]


def _name(location: tuple[int | str, ...]) -> str:
    head, *rest = (str(part) for part in location) if location else ("?",)
    return ".".join([head.removeprefix(PREFIX.lower()).upper(), *rest])
