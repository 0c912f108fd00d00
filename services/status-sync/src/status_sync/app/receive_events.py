"""D365 calls our HTTPS endpoint: its events go into the inbound topic, as they came."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from prometheus_client import Counter

from case_shared.errors import CasebridgeError, Transient, UnreadableRecord
from case_shared.fault_points import FaultPoint, reached
from status_sync.domain.recognition import ENVELOPE_FIELD, check_envelope

_received = Counter("casebridge_d365_events_received_total", "Events taken over HTTPS, each once Kafka has it")
# D365 waits ten seconds for an HTTPS endpoint (reference: business events).
_PATIENCE_SECONDS = 8


class NotAnEvent(CasebridgeError):
    """The body is no event of D365; `pointer` (RFC 6901) is where it is wrong, the whole of it where it is empty."""

    def __init__(self, why: str, pointer: str = "") -> None:
        super().__init__(why)
        self.pointer = pointer


class EventTooLarge(CasebridgeError):
    """Kafka does not take a record as large as this event."""


class KafkaNotReached(Transient):
    """Kafka did not acknowledge in time; some of the events may have arrived, which does no harm."""


Send = Callable[[Sequence[bytes]], Awaitable[None]]


@dataclass(frozen=True)
class ReceiveEvents:
    """Takes one event, or an array of them; `send` puts them into the inbound topic and waits until Kafka has them."""

    send: Send

    async def handle(self, body: bytes) -> int:
        """Return how many events Kafka has now. Raises: NotAnEvent, EventTooLarge, KafkaNotReached."""
        values = _values(body)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self.send(values)
        except MessageSizeTooLargeError as error:
            raise EventTooLarge(f"an event is larger than Kafka takes: {error}") from error
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaNotReached(f"Kafka did not take the events: {error!r}") from error
        reached(FaultPoint.EVENTS_FORWARDED)
        _received.inc(len(values))
        return len(values)


def _values(body: bytes) -> Sequence[bytes]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotAnEvent(f"the body is no JSON: {error}") from None
    if not isinstance(content, list):
        _check(content, "")
        return [body]
    if not content:
        raise NotAnEvent("the array is empty")
    for index, event in enumerate(content):
        _check(event, f"/{index}")
    return [orjson.dumps(event) for event in content]


def _check(event: Any, pointer: str) -> None:
    try:
        check_envelope(event)
    except UnreadableRecord as error:
        raise NotAnEvent(str(error), f"{pointer}/{ENVELOPE_FIELD}") from None
