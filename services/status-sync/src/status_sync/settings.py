"""status-sync's settings; README and docs name them all."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from case_shared.d365.settings import D365Settings
from case_shared.kafka import KafkaSettings
from case_shared.settings import DatabaseSettings, Port, ServiceSettings


class InboundTopic(BaseSettings):
    """Where D365's business events come in."""

    d365_events_topic: str = Field(default="d365.case-events.v1", min_length=1)


class Settings(ServiceSettings, DatabaseSettings, KafkaSettings, D365Settings, InboundTopic):
    """What `serve` needs."""

    port: Port = 8002
    d365_poll_seconds: Annotated[float, Field(gt=0)] = 60
    d365_events_secret: SecretStr | None = Field(default=None, description="of D365's HTTPS endpoint; none: it is off")
