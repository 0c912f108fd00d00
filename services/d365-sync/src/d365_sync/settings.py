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

    port: Port = Field(default=8001, description="The port to listen on.")
    d365_settle_seconds: Seconds = Field(
        default=150,
        description="How long an unanswered POST may still take effect. It must exceed D365's own time-out for "
        "requests, and D365_TIMEOUT_SECONDS.",
    )
    d365_breaker_seconds: Seconds = Field(
        default=30, description="The time between two probes while D365 is down (the circuit breaker is open)."
    )
    d365_backoff_max_seconds: Seconds = Field(
        default=300,
        description="The longest wait between two attempts to deliver a document, unless D365 asks for a longer one "
        "with Retry-After: Casebridge then waits that long, 600 seconds at most, and up to a tenth more.",
    )
    d365_max_concurrency: Annotated[int, Field(ge=1, le=500)] = Field(
        default=50, description="The most documents to send to D365 at the same time."
    )
    d365_max_attempts: Annotated[int, Field(ge=1, le=100)] = Field(
        default=8, description="The number of attempts after which a document becomes a dead letter."
    )
    d365_accept_rare_duplicates: bool = Field(
        default=False,
        description="Whether to accept that a case is created twice on rare occasions. Required if D365 does not keep "
        "the Web Case ID unique.",
    )

    retention_payload_days: Days = Field(
        default=90,
        description="How long a document's payload, and what its attempts sent and received, are kept after it is "
        "delivered, returned or discarded. Dead letters keep theirs.",
    )
    retention_unreadable_record_days: Days = Field(
        default=30, description="How long the unreadable records of all services are kept."
    )

    retention_personal_days: Days = Field(
        default=730,
        description="How long the contact, notes and description of a case are kept after its end, in the tables of "
        "all services.",
    )
    retention_replay_days: Days = Field(
        default=90, description="How long ended replays and their lists of documents are kept."
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.d365_settle_seconds <= self.d365_timeout_seconds:
            raise ValueError(
                f"D365_SETTLE_SECONDS: {self.d365_settle_seconds:g} must exceed D365_TIMEOUT_SECONDS "
                f"({self.d365_timeout_seconds:g}), because a POST may take effect after its sender stopped waiting"
            )
        if not self.mapping.web_case_id_unique and not self.d365_accept_rare_duplicates:
            raise ValueError(
                "D365_ACCEPT_RARE_DUPLICATES: the mapping says web_case_id_unique = false, so a process that freezes "
                "may create a case twice. Make the field unique in D365, or accept this by setting "
                "D365_ACCEPT_RARE_DUPLICATES=true"
            )
        return self
