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

    port: Port = Field(default=8002, description="The port to listen on.")
    d365_poll_seconds: Annotated[float, Field(gt=0)] = Field(
        default=60, description="How often to ask D365 for changes, in addition to its events."
    )
    d365_step_alarm_seconds: Annotated[float, Field(gt=0)] = Field(
        default=900, description="How long a step of the poll may go without success before it raises an alarm."
    )
    rate_limit_events_per_minute: PerMinute = Field(
        default=6000, description="Requests with D365_EVENTS_SECRET that one replica accepts; 0 means no limit."
    )
    rate_limit_address_per_minute: PerMinute = Field(
        default=60,
        description="Requests of one address without D365_EVENTS_SECRET that one replica accepts; 0 means no limit.",
    )
    d365_events_secret: SecretStr | None = Field(
        default=None,
        description="The secret that D365 sends to POST /v1/d365/events. Without it, the endpoint is off.",
    )

    @property
    def inbound(self) -> Inbound:
        """Where D365's events are."""
        return inbound(self, self.d365_events_topic, self.d365_events_connection_string)
