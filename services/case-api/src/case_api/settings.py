"""case-api's settings, from the environment."""

from typing import Annotated

from pydantic import Field

from case_shared.kafka.connection import KafkaSettings
from case_shared.process.settings import DatabaseSettings, Days, OidcSettings, Port, ServiceSettings
from case_shared.web.limits import PerMinute, UserLimitSettings

Seconds = Annotated[float, Field(gt=0)]


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, OidcSettings, UserLimitSettings):
    """The settings of `case-api serve`."""

    port: Port = Field(default=8000, description="The port to listen on.")
    # Somebody waits for nearly each of our statements.
    database_command_timeout_seconds: Seconds = Field(
        default=10, description="How long an SQL statement may take. Longer ones are canceled."
    )
    d365_category_types: str | None = Field(
        default=None,
        description="The category types of the cases that dealers see, separated by commas. Default: all but HR and "
        "audit.",
    )
    outbox_poll_seconds: Seconds = Field(
        default=0.25, description="How often the outbox publisher looks for events when nothing wakes it."
    )
    outbox_batch_size: Annotated[int, Field(ge=1, le=5000)] = Field(
        default=1000, description="The most events that the outbox publisher sends at once."
    )
    resend_first_seconds: Seconds = Field(
        default=60, description="How long to wait for news of a submission before it is sent again."
    )
    resend_longest_seconds: Seconds = Field(
        default=3600, description="The longest of these waits, which double each time."
    )
    request_timeout_seconds: Seconds = Field(
        default=15,
        description="How long a request may take before the answer is 503. `Prefer: wait` adds to it.",
    )
    rate_limit_dealer_per_minute: PerMinute = Field(
        default=60_000, description="Requests for one dealer that one replica accepts; 0 means no limit."
    )
    live_max_streams: Annotated[int, Field(ge=1)] = Field(
        default=2000, description="The most live streams on one replica."
    )
    live_max_streams_per_user: Annotated[int, Field(ge=1)] = Field(
        default=20, description="The most live streams of one user on one replica."
    )
    live_max_streams_per_dealer: Annotated[int, Field(ge=1)] = Field(
        default=100, description="The most live streams of one dealer on one replica."
    )
    live_keep_alive_seconds: Seconds = Field(default=15, description="How often an idle live stream sends a comment.")
    live_waiting_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=256 * 1024,
        description="How much data may wait for a slow client of a live stream. Beyond that, the client must fetch its "
        "cases again.",
    )
    live_held_records: Annotated[int, Field(ge=1)] = Field(
        default=10_000, description="How many records a replica keeps in memory to resume interrupted live streams."
    )
    live_held_seconds: Seconds = Field(default=600, description="How long it keeps these records.")
    list_timeout_seconds: Seconds = Field(
        default=5, description="How long an SQL statement of the list may take. Longer ones are canceled."
    )
    list_pool_size: Annotated[int, Field(ge=1, le=64)] = Field(
        default=6, description="The number of database connections for the list, in addition to DATABASE_POOL_SIZE."
    )
    retention_payload_days: Days = Field(
        default=90,
        description="How long the content of a submission is kept after it is delivered, returned or discarded.",
    )
    retention_idempotency_key_days: Days = Field(
        default=7, description="How long a repeated Idempotency-Key returns the same answer."
    )
