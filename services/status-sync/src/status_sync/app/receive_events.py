"""D365 calls our HTTPS endpoint: puts its events into the inbound topic, each as it came."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from prometheus_client import Counter

from case_shared.d365.texts import parse_json
from case_shared.process.fault_points import FaultPoint, reached
from case_shared.words.errors import CasebridgeError, Transient, UnreadableRecord
from status_sync.domain.recognition import ENVELOPE_FIELD, check_envelope

log = structlog.get_logger(__name__)
_received = Counter("casebridge_d365_events_received_total", "Events received by HTTPS and stored in Kafka")
# D365 waits ten seconds for an HTTPS endpoint (Learn, business events).
_PATIENCE_SECONDS = 8
MAX_EVENTS = 1000
_NAMED_AT_ONCE = 10
# Event Grid sends an endpoint this code to confirm before it delivers, and notifies it when it stops (Learn, "Endpoint
# validation with Event Grid event schema", "Azure Event Grid subscription events").
_VALIDATION = "microsoft.eventgrid.subscriptionvalidationevent"
_DELETED = "microsoft.eventgrid.subscriptiondeletedevent"


class NotAnEvent(CasebridgeError):
    """The body contains no event of D365; `problems` are (pointer, why), with an empty pointer for the whole body."""

    def __init__(self, why: str, problems: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(why)
        self.problems = problems or (("", why),)


class EventTooLarge(CasebridgeError):
    """Kafka does not take a record as large as this event, or a request has more events than allowed."""


class KafkaNotReached(Transient):
    """Kafka did not acknowledge in time; some of the events may have arrived, which does no harm."""


Send = Callable[[Sequence[bytes]], Awaitable[None]]


class Received(NamedTuple):
    """How many events Kafka has now, and how many more that cannot be read: those are kept for operators.

    `validation_code` is what Event Grid wants returned, if the request is its handshake.
    """

    accepted: int
    unreadable: int = 0
    validation_code: str | None = None


@dataclass
class _Sorted:
    """A request's events as they go into the topic, and what is wrong with those that cannot be read."""

    good: list[bytes]
    bad: list[bytes]
    problems: list[tuple[str, str]]
    validation_code: str | None = None
    notices: int = 0


@dataclass(frozen=True)
class ReceiveEvents:
    """Takes events in each shape of `domain.shapes`; `send` puts them into the inbound topic and waits for Kafka."""

    send: Send

    async def handle(self, body: bytes, attributes: Mapping[str, str] = MappingProxyType({})) -> Received:
        """Put the body's events into the topic; `attributes` are those of a CloudEvent in binary mode, else empty.

        An unreadable event delays its neighbors no more than it would in the topic: it goes there too, and is kept as
        unreadable. Raises: NotAnEvent if the body has no event at all, EventTooLarge, KafkaNotReached.
        """
        events = _sorted(body, attributes)
        if not events.good and not events.notices:
            raise NotAnEvent(events.problems[0][1], events.problems[:_NAMED_AT_ONCE])
        await self._send([*events.good, *events.bad])
        if events.problems:
            log.warning("events_unreadable", events=len(events.bad), problems=events.problems[:_NAMED_AT_ONCE])
        return Received(len(events.good), len(events.bad), events.validation_code)

    async def _send(self, values: Sequence[bytes]) -> None:
        if not values:
            return
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self.send(values)
        except MessageSizeTooLargeError as error:
            raise EventTooLarge(f"An event is too large for Kafka: {error}") from error
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaNotReached(f"Kafka did not accept the events: {error!r}") from error
        reached(FaultPoint.EVENTS_FORWARDED)
        _received.inc(len(values))


def _sorted(body: bytes, attributes: Mapping[str, str]) -> _Sorted:
    """Return the events of a request. Raises: NotAnEvent if the body is empty or not valid JSON, EventTooLarge."""
    try:
        content = parse_json(body)
    except ValueError as error:
        raise NotAnEvent(f"The body is not valid JSON: {error}") from None
    events: list[Any] = content if isinstance(content, list) else [content]
    if not events:
        raise NotAnEvent("The array is empty")
    if len(events) > MAX_EVENTS:
        raise EventTooLarge(f"The request has {len(events)} events, but at most {MAX_EVENTS} are allowed")
    found = _Sorted([], [], [])
    for index, event in enumerate(events):
        pointer = f"/{index}" if content is events else ""
        whole = {**attributes, "data": event} if attributes else event
        as_it_came = body if event is content and not attributes else None
        _sort(found, whole, pointer, as_it_came)
    return found


def _sort(found: _Sorted, event: Any, pointer: str, as_it_came: bytes | None) -> None:
    # Event Grid's own schema calls it `eventType`, CloudEvents `type`.
    kind = event.get("eventType") or event.get("type") if isinstance(event, dict) else None
    match str(kind).casefold():
        case name if name == _VALIDATION and (code := _validation_code(event)):
            found.validation_code = code
            found.notices += 1
            return
        case name if name == _DELETED:
            log.warning("event_grid_subscription_deleted", topic=str(event.get("topic"))[:200])
            found.notices += 1
            return
    try:
        value = as_it_came or json.dumps(event, separators=(",", ":")).encode()
        check_envelope(event)
    except RecursionError:
        found.problems.append((pointer, "nested too deeply"))
    except UnreadableRecord as error:
        found.problems.append((f"{pointer}/{ENVELOPE_FIELD}", str(error)))
        found.bad.append(value)
    else:
        found.good.append(value)


def _validation_code(event: Mapping[str, Any]) -> str | None:
    data = event.get("data")
    code = data.get("validationCode") if isinstance(data, dict) else None
    return code if isinstance(code, str) and code else None
