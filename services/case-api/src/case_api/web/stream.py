"""The live stream of a dealer's cases: server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from prometheus_client import Counter, Histogram

from case_api.app.stream_queue import Event, Stream
from case_api.domain.case import Case
from case_api.web.access import Call, CallFor
from case_api.web.documents import case_document
from case_api.web.openapi import LAST_EVENT_ID, problems
from case_shared.words.json_object import Json
from case_shared.words.scopes import Scope

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/v1/dealers/{dealer}/cases", tags=["cases"])
Reads = Annotated[Call, Depends(CallFor(Scope.CASES_READ))]
# EventSource waits this long after a lost connection before it reconnects.
_RETRY_MS = 2000
# Some clients end lines at these, too; JSON may contain them as they are, and a text could then end its event.
_ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "\x85\u2028\u2029"}
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_sent = Counter("casebridge_live_events_sent_total", "Cases sent to live streams")
_delay = Histogram(
    "casebridge_live_record_to_socket_seconds",
    "From Kafka's record to the stream's socket",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
_EXAMPLE = """retry: 2000
id: 12-0-3-7-1-4.31-28-40-19-22-35

event: case
data: {"web_case_id":"W7K3M9P2QX","case_id":"C-000123","dealer":"usmf-us-001","status":"in_process"}
id: 12-0-4-7-1-4.31-28-40-19-22-35

: nothing new
id: 12-0-4-9-1-4.33-28-40-19-22-36

event: resync
data: {"reason":"too_old"}
id: 12-0-4-9-1-4.33-28-40-19-22-36

event: end
data: {"reason":"token_expired"}

"""
_STREAM: Json = {
    "description": "Server-sent events until the token expires.",
    "content": {"text/event-stream": {"schema": {"type": "string"}, "examples": {"stream": {"value": _EXAMPLE}}}},
}


def case_event(case: Case, place: str) -> bytes:
    """Return the event that shows a case, at this place of the stream."""
    return _event("case", case_document(case).model_dump_json().translate(_ESCAPED), place)


async def _opened(request: Request, call: Reads) -> AsyncIterator[Stream]:
    last_id, user = request.headers.get("last-event-id"), call.principal.key
    async with call.context.streams.opened(call.dealer.dealer, last_id, user) as stream:
        yield stream


@router.get(
    "/stream",
    operation_id="watch_cases",
    summary="Watch cases live",
    response_class=StreamingResponse,
    responses={200: _STREAM, **problems("not-found", "invalid-request", "too-many-streams", "streams-taken")},
    openapi_extra={"parameters": [LAST_EVENT_ID]},
)
async def stream(call: Reads, opened: Annotated[Stream, Depends(_opened)]) -> Response:
    """Stream each change that D365 or the delivery makes to the dealer's cases.

    - `event: case`: the case, as `GET /cases/{web_case_id}` returns it. A case can occur twice; the last one counts.
    - `event: resync`: fetch the list again, because the stream skipped something. `{"reason"}` is `unknown_id`,
      `too_old`, `too_slow`, `interrupted` or `removed` (a case is no longer the dealer's). The stream continues.
    - `event: end`: the last event. `{"reason"}` is `token_expired` (connect with a new token) or `stopping` (connect
      again at once).

    **Connect first, then list**: the stream contains what happens in between. Keep the last `id` (comments have one
    too) and send it as `Last-Event-ID` to continue, at any replica. Send the token in `Authorization`. The browsers'
    `EventSource` cannot do that: read the stream with `fetch`. The stream does not show changes to drafts.
    """
    return EventSourceResponse(_written(call, opened), headers=_HEADERS)


async def _written(call: Call, opened: Stream) -> AsyncIterator[bytes]:
    """Yield what is written to the socket, piece by piece."""
    context, began = call.context, call.context.clock.monotonic()
    seconds = (call.principal.expires_at - context.clock.now()).total_seconds()
    sent, reason = 0, "closed_by_client"
    try:
        yield format_sse_event(retry=_RETRY_MS, id=opened.start_id)
        while (left := began + seconds - context.clock.monotonic()) > 0 and not opened.ended:
            await opened.wait(min(left, context.keep_alive_seconds))
            piece, events = _next_piece(call, opened)
            yield piece
            sent += len(events)
            _count(events, context.clock.now().timestamp())
        reason = "stopping" if opened.ended else "token_expired"
        yield _event("end", _reason(reason))
    finally:
        lasted = round(context.clock.monotonic() - began, 1)
        log.info("stream_ended", reason=reason, events=sent, seconds=lasted)


def _next_piece(call: Call, opened: Stream) -> tuple[bytes, list[Event]]:
    """Return what waits, or a comment with the place up to which nothing is new; and the events in it."""
    loss, events = opened.take()
    pieces = [] if loss is None else [_event("resync", _reason(loss.reason), loss.id)]
    pieces += [event.body for event in events]
    return b"".join(pieces) or format_sse_event(comment="nothing new", id=call.context.streams.place), events


def _count(events: list[Event], now: float) -> None:
    _sent.inc(len(events))
    for event in events:
        _delay.observe(max(0.0, now - event.written_at))


def _reason(reason: str) -> str:
    return orjson.dumps({"reason": reason}).decode()


def _event(name: str, data: str, place: str | None = None) -> bytes:
    return format_sse_event(event=name, data_str=data, id=place)
