"""Where D365's events are read: a topic of our Kafka, or an event hub of Azure, which speaks Kafka, too.

An event hub takes SASL_SSL with mechanism PLAIN at port 9093 of its namespace; the user is literally
`$ConnectionString`, the password the connection string itself (Azure/azure-event-hubs-for-kafka, README).
"""

from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from case_shared.kafka.connection import KafkaSettings
from case_shared.process.secret_files import SecretFileSettings

_USER = "$ConnectionString"
_PORT = 9093
# Event Hubs' documentation recommends it; Event Hubs refuses less than six.
_SESSION_SECONDS = 30.0
_NEEDED = ("Endpoint", "SharedAccessKeyName", "SharedAccessKey")


class Inbound(NamedTuple):
    """The Kafka and the topic with D365's events; the prefix in `kafka` goes in front of `topic`.

    `set_by` names the settings that choose them.
    """

    kafka: KafkaSettings
    topic: str
    set_by: str = "KAFKA_*"


class EventHub(NamedTuple):
    """An event hub: `address` is host:port, `name` is empty if the connection string is for a whole namespace."""

    address: str
    name: str


def parse_connection_string(text: str) -> EventHub:
    """Read a connection string as Azure shows it. Raises: ValueError, which says what is missing and repeats no key."""
    parts = dict(part.split("=", 1) for part in text.strip().split(";") if "=" in part)
    if missing := [name for name in _NEEDED if not parts.get(name)]:
        raise ValueError(
            f"{' and '.join(missing)} missing; copy the event hub's complete connection string from Azure (Shared "
            "access policies): Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…;EntityPath=…"
        )
    endpoint = urlsplit(parts["Endpoint"])
    try:
        host, port = endpoint.hostname, endpoint.port or _PORT
    except ValueError:
        host = None
    if endpoint.scheme != "sb" or not host:
        raise ValueError("Endpoint must be sb://NAMESPACE.servicebus.windows.net/")
    return EventHub(f"{host}:{port}", parts.get("EntityPath", "").strip())


def _of_an_event_hub(text: SecretStr) -> SecretStr:
    parse_connection_string(text.get_secret_value())
    return text


# Secret: it contains the key.
EventHubConnection = Annotated[SecretStr, AfterValidator(_of_an_event_hub)]


class InboundTopic(SecretFileSettings):
    """Where D365's business events come in."""

    d365_events_topic: str = Field(
        default="d365.case-events.v1", min_length=1, description="The topic that D365 sends its business events to."
    )
    d365_events_connection_string: EventHubConnection | None = Field(
        default=None,
        description="The connection string of the event hub that D365 sends its business events to. Default: "
        "D365_EVENTS_TOPIC in our Kafka.",
    )


def inbound(settings: KafkaSettings, topic: str, connection_string: SecretStr | None) -> Inbound:
    """Return where D365's events are: in `topic` of our Kafka, or in the event hub of the connection string."""
    if connection_string is None:
        return Inbound(settings, topic)
    text = connection_string.get_secret_value().strip()
    hub = parse_connection_string(text)
    kafka = settings.model_copy(
        update={
            "kafka_bootstrap_servers": hub.address,
            "kafka_security_protocol": "SASL_SSL",
            # Those of our own Kafka are not Azure's.
            "kafka_ca_file": None,
            "kafka_client_certificate_file": None,
            "kafka_sasl_mechanism": "PLAIN",
            "kafka_sasl_username": _USER,
            "kafka_sasl_password": SecretStr(text),
            "kafka_session_timeout_seconds": max(settings.kafka_session_timeout_seconds, _SESSION_SECONDS),
            "kafka_topic_prefix": "",
        }
    )
    return Inbound(kafka, hub.name or topic, "D365_EVENTS_CONNECTION_STRING")
