"""An event hub's connection string is the only necessary setting."""

import pytest
from pydantic import SecretStr, ValidationError

from case_shared.kafka.connection import KafkaSettings, connection_arguments
from case_shared.kafka.event_hub import EventHub, InboundTopic, inbound, parse_connection_string

KEY = "c2VjcmV0IG9mIGFuIGV2ZW50IGh1Yg=="
NAMESPACE = f"Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey={KEY}"


@pytest.mark.parametrize(
    ("text", "hub"),
    [
        (f"{NAMESPACE};EntityPath=case-events", EventHub("contoso.servicebus.windows.net:9093", "case-events")),
        (f" {NAMESPACE}; ", EventHub("contoso.servicebus.windows.net:9093", "")),
        (NAMESPACE.replace(".net/", ".net:9193"), EventHub("contoso.servicebus.windows.net:9193", "")),
    ],
)
def test_the_address_and_the_name_are_in_it(text: str, hub: EventHub) -> None:
    assert parse_connection_string(text) == hub


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (";", "Endpoint and SharedAccessKeyName and SharedAccessKey missing"),
        ("Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=x", "SharedAccessKey missing;"),
        (NAMESPACE.replace("sb://", "https://"), "sb://NAMESPACE"),
        (NAMESPACE.replace(".net/", ".net:x"), "sb://NAMESPACE"),
        (KEY, "Endpoint and "),
    ],
)
def test_one_that_cannot_be_is_refused_by_name_and_not_repeated(
    text: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("D365_EVENTS_CONNECTION_STRING", text)
    with pytest.raises(ValidationError, match="d365_events_connection_string") as refused:
        InboundTopic()
    assert why in str(refused.value)
    assert KEY not in refused.value.errors(include_input=False)[0]["msg"]


def test_it_is_reached_as_azure_documents_it() -> None:
    settings = KafkaSettings(
        kafka_bootstrap_servers="kafka:9092", kafka_topic_prefix="test.", kafka_session_timeout_seconds=3
    )
    text = f"{NAMESPACE};EntityPath=case-events"
    kafka, topic, set_by = inbound(settings, "d365.case-events.v1", SecretStr(text))
    arguments = connection_arguments(kafka)
    assert arguments.pop("ssl_context").check_hostname
    assert arguments == {
        "bootstrap_servers": ["contoso.servicebus.windows.net:9093"],
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "$ConnectionString",
        "sasl_plain_password": text,
    }
    assert set_by == "D365_EVENTS_CONNECTION_STRING"
    assert (topic, kafka.kafka_topic_prefix, kafka.kafka_session_timeout_seconds) == ("case-events", "", 30)
    assert inbound(settings, "d365.case-events.v1", SecretStr(NAMESPACE)).topic == "d365.case-events.v1"
    assert inbound(settings, "d365.case-events.v1", None) == (settings, "d365.case-events.v1", "KAFKA_*")
