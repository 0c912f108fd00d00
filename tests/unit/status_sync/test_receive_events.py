"""What the HTTPS endpoint takes, and what it says to the rest."""

import asyncio
from collections.abc import Sequence

import orjson
import pytest
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError
from pydantic import SecretStr

from case_shared.problems import Problem
from status_sync.app import receive_events
from status_sync.app.receive_events import EventTooLarge, KafkaNotReached, NotAnEvent, ReceiveEvents
from status_sync.web.events import check_secret

SECRET = SecretStr("s3cret")


def taken(body: bytes) -> tuple[int, list[bytes]]:
    sent: list[bytes] = []

    async def send(values: Sequence[bytes]) -> None:
        sent.extend(values)

    return asyncio.run(ReceiveEvents(send).handle(body)), sent


def test_one_event_goes_on_as_it_came() -> None:
    body = b'{ "BusinessEventId" : "X", "EventTime":"/Date(1672408275000)/" }'
    assert taken(body) == (1, [body])


def test_an_array_goes_on_event_by_event() -> None:
    count, sent = taken(b'[{"BusinessEventId":"X"},{"BusinessEventId":"Y","CaseId":"1"}]')
    assert count == 2
    assert [orjson.loads(value)["BusinessEventId"] for value in sent] == ["X", "Y"]


@pytest.mark.parametrize(
    ("body", "pointer", "why"),
    [
        (b"", "", "no JSON"),
        (b"[]", "", "empty"),
        (b"null", "/BusinessEventId", "BusinessEventId"),
        (b'{"CaseId":"1"}', "/BusinessEventId", "BusinessEventId"),
        (b'[{"BusinessEventId":"X"},{"CaseId":"1"}]', "/1/BusinessEventId", "BusinessEventId"),
        (b"[null]", "/0/BusinessEventId", "BusinessEventId"),
    ],
)
def test_what_is_no_event_is_refused_whole(body: bytes, pointer: str, why: str) -> None:
    with pytest.raises(NotAnEvent, match=why) as refused:
        taken(body)
    assert refused.value.pointer == pointer


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KafkaConnectionError(), KafkaNotReached),
        (OSError(), KafkaNotReached),
        (MessageSizeTooLargeError(), EventTooLarge),
    ],
)
def test_kafkas_refusal_is_told(error: Exception, expected: type[Exception]) -> None:
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
    ("code", "authorization"),
    [("s3cret", None), (None, "Bearer s3cret"), (None, "bearer s3cret"), ("x", "Bearer s3cret")],
)
def test_the_secret_opens(code: str | None, authorization: str | None) -> None:
    check_secret(SECRET, code=code, authorization=authorization)


@pytest.mark.parametrize(
    ("code", "authorization"),
    [
        (None, None),
        ("", ""),
        ("wrong", None),
        (None, "Bearer wrong"),
        (None, "Basic s3cret"),
        ("é", None),
        ("s3cret", "Bearer x"),
    ],
)
def test_anything_else_does_not(code: str | None, authorization: str | None) -> None:
    with pytest.raises(Problem) as refused:
        check_secret(SECRET, code=code, authorization=authorization)
    assert refused.value.status == 401


@pytest.mark.parametrize("secret", [None, SecretStr("")])
def test_without_a_secret_it_is_off(secret: SecretStr | None) -> None:
    with pytest.raises(Problem, match="D365_EVENTS_SECRET") as refused:
        check_secret(secret, code="", authorization="Bearer ")
    assert refused.value.status == 503
