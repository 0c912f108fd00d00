"""What the HTTPS endpoint accepts, and how it answers the rest."""

import asyncio
from collections.abc import Sequence

import orjson
import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from pydantic import SecretStr

from case_shared.web.problems import Problem
from status_sync.app import receive_events
from status_sync.app.receive_events import EventTooLarge, KafkaNotReached, NotAnEvent, Received, ReceiveEvents
from status_sync.web.secret import Given, check_secret

SECRET = SecretStr("s3cret")


def taken(body: bytes, **attributes: str) -> tuple[Received, list[bytes]]:
    sent: list[bytes] = []

    async def send(values: Sequence[bytes]) -> None:
        sent.extend(values)

    return asyncio.run(ReceiveEvents(send).handle(body, attributes)), sent


def test_one_event_goes_on_as_it_came() -> None:
    body = b'{ "BusinessEventId" : "X", "EventTime":"/Date(1672408275000)/" }'
    assert taken(body) == (Received(1), [body])


def test_an_array_goes_on_event_by_event() -> None:
    received, sent = taken(b'[{"BusinessEventId":"X"},{"BusinessEventId":"Y","CaseId":"1"}]')
    assert received == Received(2)
    assert [orjson.loads(value)["BusinessEventId"] for value in sent] == ["X", "Y"]


@pytest.mark.parametrize(
    ("body", "pointer", "why"),
    [
        (b"", "", "not valid JSON"),
        (b"[]", "", "empty"),
        (b"null", "/BusinessEventId", "BusinessEventId"),
        (b'{"CaseId":"1"}', "/BusinessEventId", "BusinessEventId"),
        (b"[null]", "/0/BusinessEventId", "BusinessEventId"),
    ],
)
def test_what_is_no_event_is_refused_whole(body: bytes, pointer: str, why: str) -> None:
    with pytest.raises(NotAnEvent, match=why) as refused:
        taken(body)
    assert [at for at, _why in refused.value.problems] == [pointer]


def test_an_event_that_cannot_be_read_goes_along_with_its_neighbours() -> None:
    received, sent = taken(b'[{"BusinessEventId":"X"},null,{"CaseId":"1"},{"BusinessEventId":"Y"}]')
    assert received == Received(accepted=2, unreadable=2)
    assert [orjson.loads(one) for one in sent] == [
        {"BusinessEventId": "X"},
        {"BusinessEventId": "Y"},
        None,
        {"CaseId": "1"},
    ]


def test_where_all_of_several_are_unreadable_each_is_named() -> None:
    with pytest.raises(NotAnEvent) as refused:
        taken(b'[1,{"data":{}},{"BusinessEventId":""}]')
    assert [at for at, _why in refused.value.problems] == [f"/{place}/BusinessEventId" for place in range(3)]


def test_a_nested_event_does_not_fail_its_neighbours() -> None:
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    assert taken(b'[{"BusinessEventId":"X"},' + deep + b"]")[0].accepted == 1


def test_event_grid_gets_its_validation_code() -> None:
    handshake = {
        "id": "1",
        "topic": "/subscriptions/1",
        "subject": "",
        "data": {"validationCode": "512d38b6", "validationUrl": "https://rp-eastus.eventgrid.azure.net/x"},
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "eventTime": "2026-11-28T00:00:00Z",
        "metadataVersion": "1",
        "dataVersion": "2",
    }
    assert taken(orjson.dumps([handshake])) == (Received(0, 0, "512d38b6"), [])
    deleted = handshake | {"eventType": "Microsoft.EventGrid.SubscriptionDeletedEvent"}
    assert taken(orjson.dumps([deleted])) == (Received(0), [])
    # In CloudEvents its name is elsewhere, and the data is JSON in a string (azure-sdk-for-net#21612).
    deletion = {"specversion": "1.0", "type": deleted["eventType"], "source": "x", "id": "1", "data": "{}"}
    assert taken(orjson.dumps(deletion)) == (Received(0), [])


def test_a_cloud_event_in_binary_mode_is_put_together() -> None:
    received, sent = taken(b'{"BusinessEventId":"X","CaseId":"1"}', specversion="1.0", source="https://d365.example")
    assert received == Received(1)
    assert [orjson.loads(one) for one in sent] == [
        {"specversion": "1.0", "source": "https://d365.example", "data": {"BusinessEventId": "X", "CaseId": "1"}}
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KafkaConnectionError(), KafkaNotReached),
        (OSError(), KafkaNotReached),
        (MessageSizeTooLargeError(), EventTooLarge),
    ],
)
def test_kafkas_refusal_is_reported(error: Exception, expected: type[Exception]) -> None:
    async def send(_values: Sequence[bytes]) -> None:
        raise error

    with pytest.raises(expected):
        asyncio.run(ReceiveEvents(send).handle(b'{"BusinessEventId":"X"}'))


def test_kafka_has_less_time_than_d365_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    assert receive_events._PATIENCE_SECONDS < 10
    monkeypatch.setattr(receive_events, "_PATIENCE_SECONDS", 0.01)

    async def send(_values: Sequence[bytes]) -> None:
        await asyncio.Event().wait()

    with pytest.raises(KafkaNotReached):
        asyncio.run(ReceiveEvents(send).handle(b'{"BusinessEventId":"X"}'))


@pytest.mark.parametrize(
    "given",
    [
        Given("s3cret"),
        Given(None, "Bearer s3cret"),
        Given(None, "bearer s3cret"),
        Given(functions_key="s3cret"),
        Given("x", "Bearer s3cret"),
        Given("s3cret", "Bearer of-event-grid"),
        Given(None, "Basic eA==", "s3cret"),
    ],
)
def test_the_secret_opens_wherever_it_stands(given: Given) -> None:
    check_secret(SECRET, given)


@pytest.mark.parametrize(
    "given",
    [
        Given(),
        Given("", "", ""),
        Given("wrong"),
        Given(None, "Bearer wrong"),
        Given(None, "Basic s3cret"),
        Given("\u00e9"),
        Given(functions_key="s3cre"),
        Given("wrong", "Bearer wrong", "wrong"),
    ],
)
def test_anything_else_does_not(given: Given) -> None:
    with pytest.raises(Problem) as refused:
        check_secret(SECRET, given)
    assert refused.value.status == 401
    assert "s3cret" not in bytes(refused.value.response().body).decode()


@pytest.mark.parametrize("secret", [None, SecretStr("")])
def test_without_a_secret_it_is_off(secret: SecretStr | None) -> None:
    with pytest.raises(Problem, match="D365_EVENTS_SECRET") as refused:
        check_secret(secret, Given("", "Bearer "))
    assert refused.value.status == 503


def test_a_request_has_so_many_events_at_most() -> None:
    event = {"BusinessEventId": "X"}
    assert taken(orjson.dumps([event] * 1000))[0] == Received(1000)
    with pytest.raises(EventTooLarge, match="at most 1000"):
        taken(orjson.dumps([event] * 1001))
