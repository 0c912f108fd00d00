"""case-api's settings, from the environment."""

from typing import Annotated

from pydantic import Field

from case_shared.kafka.connection import KafkaSettings
from case_shared.process.settings import DatabaseSettings, Days, OidcSettings, Port, ServiceSettings
from case_shared.web.limits import PerMinute, UserLimitSettings

Seconds = Annotated[float, Field(gt=0)]


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, OidcSettings, UserLimitSettings):
    """The settings of `case-api serve`."""

    port: Port = Field(default=8000, description="Port to listen on.")
    # Somebody waits for nearly each of our statements.
    database_command_timeout_seconds: Seconds = Field(
        default=10, description="A statement that takes longer is given up."
    )
    d365_category_types: str | None = Field(
        default=None,
        description="Category types whose cases dealers may see, separated by commas. Default: all but HR and audit.",
    )
    outbox_poll_seconds: Seconds = Field(
        default=0.25, description="How long the outbox publisher sleeps when nobody wakes it."
    )
    outbox_batch_size: Annotated[int, Field(ge=1, le=5000)] = Field(
        default=1000, description="The most events that the outbox publisher sends at a time."
    )
    resend_first_seconds: Seconds = Field(
        default=60, description="A submission of which nothing was heard for this long is sent again."
    )
    resend_longest_seconds: Seconds = Field(default=3600, description="That wait doubles each time, up to this.")
    request_timeout_seconds: Seconds = Field(
        default=15,
        description="A request that takes longer is answered 503, whatever delays it. `Prefer: wait` adds to it.",
    )
    rate_limit_dealer_per_minute: PerMinute = Field(
        default=60_000, description="Requests for one dealer to one replica; 0 is no limit."
    )
    live_max_streams: Annotated[int, Field(ge=1)] = Field(
        default=2000, description="The most live streams that one replica serves."
    )
    live_max_streams_per_user: Annotated[int, Field(ge=1)] = Field(
        default=20, description="The most of them that one user may have."
    )
    live_max_streams_per_dealer: Annotated[int, Field(ge=1)] = Field(
        default=100, description="The most of them that one dealer may have."
    )
    live_keep_alive_seconds: Seconds = Field(
        default=15, description="A stream in which nothing happens sends a comment this often."
    )
    live_waiting_bytes: Annotated[int, Field(ge=1024)] = Field(
        default=256 * 1024,
        description="How much may wait for a slow reader of a stream. With more, it must fetch its cases again.",
    )
    live_held_records: Annotated[int, Field(ge=1)] = Field(
        default=10_000, description="How many records are kept in memory to resume streams that were cut."
    )
    live_held_seconds: Seconds = Field(default=600, description="How long they are kept.")
    list_timeout_seconds: Seconds = Field(
        default=5, description="A statement of the list that takes longer is given up."
    )
    list_pool_size: Annotated[int, Field(ge=1, le=64)] = Field(
        default=6, description="Connections for the list, on top of DATABASE_POOL_SIZE."
    )
    retention_payload_days: Days = Field(
        default=90,
        description="How long the content of a submission is kept after its end (delivered, returned or discarded).",
    )
    retention_idempotency_key_days: Days = Field(
        default=7, description="How long a repeated Idempotency-Key gets the same answer."
    )
