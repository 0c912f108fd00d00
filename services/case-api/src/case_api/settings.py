"""case-api's settings, from the environment."""

from typing import Annotated

from pydantic import Field

from case_shared.kafka import KafkaSettings
from case_shared.settings import DatabaseSettings, Days, OidcSettings, Port, ServiceSettings

PerMinute = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(gt=0)]


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, OidcSettings):
    """What `case-api serve` needs."""

    port: Port = 8000
    # Somebody waits for nearly each statement of ours.
    database_command_timeout_seconds: Seconds = 10
    d365_category_types: str | None = Field(default=None, description="comma-separated; none: all but HR and audit")
    relay_poll_seconds: Seconds = Field(default=0.25, description="how long the relay sleeps when nobody wakes it")
    relay_batch_size: Annotated[int, Field(ge=1, le=5000)] = 1000
    resend_first_seconds: Seconds = Field(default=60, description="silence after which a submission is sent again")
    resend_longest_seconds: Seconds = Field(default=3600, description="up to which that doubles")
    request_timeout_seconds: Seconds = Field(
        default=15, description="after which a request is answered 503, whatever holds it up; `Prefer: wait` adds to it"
    )
    body_timeout_seconds: Seconds = Field(default=10, description="within which a request's body must have come")
    rate_limit_client_per_minute: PerMinute = Field(
        default=30_000, description="requests of one client (application) to one replica; 0: no limit"
    )
    rate_limit_dealer_per_minute: PerMinute = Field(
        default=60_000, description="requests for one dealer to one replica; 0: no limit"
    )
    live_max_streams: Annotated[int, Field(ge=1)] = Field(default=2000, description="live streams of one replica")
    live_max_streams_per_dealer: Annotated[int, Field(ge=1)] = Field(
        default=100, description="of those, how many one dealer may have"
    )
    live_keep_alive_seconds: Seconds = Field(default=15, description="a stream in which nothing happens says so")
    live_waiting_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=256 * 1024, description="what may wait for a slow reader of a stream before it must fetch anew"
    )
    live_held_records: Annotated[int, Field(ge=1)] = Field(
        default=10_000, description="so many records are held to resume streams that were cut"
    )
    live_held_seconds: Seconds = Field(default=600, description="and so long")
    list_timeout_seconds: Seconds = Field(default=5, description="after which a statement of the list is given up")
    list_pool_size: Annotated[int, Field(ge=1, le=64)] = Field(
        default=6, description="connections for the list, apart from DATABASE_POOL_SIZE"
    )
    retention_payload_days: Days = Field(
        default=90, description="after its end (delivered, returned, discarded) a submission's content is kept so long"
    )
    retention_idempotency_key_days: Days = Field(
        default=7, description="for so long a repeated Idempotency-Key gets the same answer"
    )
