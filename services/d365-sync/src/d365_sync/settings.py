"""What d365-sync is told by its environment (DESIGN section 8)."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from case_shared.d365.settings import D365Settings
from case_shared.kafka import KafkaSettings
from case_shared.settings import DatabaseSettings, Days, OidcSettings, Port, ServiceSettings

Seconds = Annotated[float, Field(gt=0)]


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, OidcSettings, D365Settings):
    """Every setting of the service; a duration is in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    port: Port = 8001
    d365_settle_seconds: Seconds = Field(
        default=150, description="how long an unanswered POST may still land; exceeds D365's own request time-out"
    )
    d365_breaker_seconds: Seconds = Field(default=30, description="between two probes while the breaker is open")
    d365_backoff_max_seconds: Seconds = Field(default=300, description="longest wait between two tries")
    d365_max_concurrency: Annotated[int, Field(ge=1, le=500)] = 50
    d365_max_attempts: Annotated[int, Field(ge=1, le=100)] = 8
    d365_accept_rare_duplicates: bool = Field(
        default=False, description="required where D365 does not keep the Web Case ID unique"
    )

    retention_payload_days: Days = Field(
        default=90,
        description="after its end (delivered, returned, discarded) a document's payload is kept so long, "
        "and what its attempts sent and got; dead letters keep theirs",
    )
    retention_unreadable_record_days: Days = Field(
        default=30, description="records that could not be read, of all services, are kept so long"
    )

    retention_replay_days: Days = Field(default=90, description="replays that ended, and their lists, are kept so long")

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
