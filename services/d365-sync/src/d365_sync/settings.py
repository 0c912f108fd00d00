"""d365-sync's settings, from the environment."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from case_shared.d365.settings import D365Settings
from case_shared.kafka.connection import KafkaSettings
from case_shared.process.settings import DatabaseSettings, Days, OidcSettings, Port, ServiceSettings
from case_shared.web.limits import UserLimitSettings

Seconds = Annotated[float, Field(gt=0)]


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, OidcSettings, UserLimitSettings, D365Settings):
    """Every setting of the service; a duration is in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    port: Port = Field(default=8001, description="Port to listen on.")
    d365_settle_seconds: Seconds = Field(
        default=150,
        description="How long a POST that was not answered may still take effect. More than D365's own time-out for "
        "requests, and than D365_TIMEOUT_SECONDS.",
    )
    d365_breaker_seconds: Seconds = Field(
        default=30, description="The time between two probes while D365 is down (the breaker is open)."
    )
    d365_backoff_max_seconds: Seconds = Field(
        default=300, description="The longest wait between two attempts at a document."
    )
    d365_max_concurrency: Annotated[int, Field(ge=1, le=500)] = Field(
        default=50, description="The most documents that are sent to D365 at a time."
    )
    d365_max_attempts: Annotated[int, Field(ge=1, le=100)] = Field(
        default=8, description="Attempts after which a document becomes a dead letter."
    )
    d365_accept_rare_duplicates: bool = Field(
        default=False,
        description="Accept that a case is created twice now and then. Required where D365 does not keep the Web "
        "Case ID unique.",
    )

    retention_payload_days: Days = Field(
        default=90,
        description="How long the payload of a document, and what its attempts sent and received, is kept after its "
        "end (delivered, returned or discarded). Dead letters keep theirs.",
    )
    retention_unreadable_record_days: Days = Field(
        default=30, description="How long records that could not be read, of all services, are kept."
    )

    retention_personal_days: Days = Field(
        default=730,
        description="How long contact, notes and description of a case are kept after its end, in the tables of all "
        "services.",
    )
    retention_replay_days: Days = Field(
        default=90, description="How long replays that ended, and their lists, are kept."
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.d365_settle_seconds <= self.d365_timeout_seconds:
            raise ValueError(
                f"D365_SETTLE_SECONDS ({self.d365_settle_seconds:g}) must exceed "
                f"D365_TIMEOUT_SECONDS ({self.d365_timeout_seconds:g}): a POST may land after its caller gave up"
            )
        if not self.mapping.web_case_id_unique and not self.d365_accept_rare_duplicates:
            raise ValueError(
                "D365_ACCEPT_RARE_DUPLICATES: the mapping says web_case_id_unique = false, so a frozen process may "
                "create a case twice; make the field unique in D365, or set this to true to accept that"
            )
        return self
