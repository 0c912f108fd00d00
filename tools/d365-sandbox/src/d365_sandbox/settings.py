"""Everything that can be set, from the environment (prefix `SANDBOX_`) or the command line."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from d365_sandbox.faults import Fault, FaultKind

PREFIX = "SANDBOX_"


class Settings(BaseSettings):
    """The sandbox's settings; times in seconds, sizes in bytes or characters as named."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    host: str = "127.0.0.1"
    port: int = Field(8365, ge=0, le=65535)
    data_file: Path = Path("d365-sandbox.sqlite3")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    environment_url: str = Field("", pattern=r"^(https?://[^/]+)?$")
    client_id: str = Field("casebridge", min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    token_lifetime_seconds: int = Field(3600, ge=1)

    default_company: str = Field("usmf", pattern=r"^[A-Za-z0-9]{1,4}$")
    customers: int = Field(5, ge=1, le=100_000)
    unique_web_case_id: bool = True
    duplicate_status: int = Field(400, ge=400, le=599)
    description_length: int = Field(4000, ge=1)
    notes_length: int = Field(32_000, ge=1)
    max_page_size: int = Field(10_000, ge=1, le=10_000)
    max_query_bytes: int = Field(16_384, ge=256, le=60_000)

    timeout_seconds: float = Field(120, gt=0)
    latency_seconds: float = Field(0, ge=0)
    max_concurrent: int = Field(0, ge=0)
    faults: Annotated[list[Fault], NoDecode] = []
    seed: int | None = None
    request_log_size: int = Field(500, ge=1, le=100_000)

    kafka_bootstrap_servers: str = ""
    events_topic: str = Field("d365.case-events.v1", min_length=1)
    events_https_url: str = Field("", pattern=r"^(https?://.+)?$")
    events_https_secret: SecretStr = SecretStr("")
    events_retries: int = Field(3, ge=0)
    events_retry_seconds: float = Field(1.0, ge=0)
    events_timeout_seconds: float = Field(10, gt=0)

    clerk: Literal["off", "auto"] = "off"
    clerk_step_seconds: float = Field(2.0, gt=0)

    @field_validator("faults", mode="before")
    @classmethod
    def _read_faults(cls, value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Names of the business event endpoints that are configured."""
        named = {"kafka": self.kafka_bootstrap_servers, "https": self.events_https_url}
        return tuple(name for name, value in named.items() if value)

    @property
    def initial_faults(self) -> list[Fault]:
        """The faults that stand from the start: those given, and the limit of requests at once."""
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
