"""status-sync's settings, from the environment."""

from typing import Annotated

from pydantic import Field, SecretStr

from case_shared.d365.settings import D365Settings
from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.event_hub import Inbound, InboundTopic, inbound
from case_shared.process.settings import DatabaseSettings, Port, ServiceSettings
from case_shared.web.limits import PerMinute


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, D365Settings, InboundTopic):
    """The settings of `status-sync serve`."""

    port: Port = Field(default=8002, description="Port to listen on.")
    d365_poll_seconds: Annotated[float, Field(gt=0)] = Field(
        default=60, description="How often D365 is asked for what changed, besides its events."
    )
    d365_step_alarm_seconds: Annotated[float, Field(gt=0)] = Field(
        default=900, description="A step of the poll that has not succeeded for this long raises an alarm."
    )
    rate_limit_events_per_minute: PerMinute = Field(
        default=6000, description="Requests with the events' secret to one replica; 0 is no limit."
    )
    rate_limit_address_per_minute: PerMinute = Field(
        default=60, description="Requests of one address without the events' secret; 0 is no limit."
    )
    d365_events_secret: SecretStr | None = Field(
        default=None,
        description="What D365 sends with its events to POST /v1/d365/events. Without it that endpoint is off.",
    )

    @property
    def inbound(self) -> Inbound:
        """Where D365's events are."""
        return inbound(self, self.d365_events_topic, self.d365_events_connection_string)
