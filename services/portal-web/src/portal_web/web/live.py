"""The stream of what changes: case-api's (DESIGN section 7), each case already as the list's cells show it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import orjson
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from portal_web.clients.case_api import lines_of
from portal_web.domain.cases import Case
from portal_web.web.labels import STATES, STATUSES
from portal_web.web.preferences import words_of
from portal_web.web.rendering import fragment
from portal_web.web.visit import ForDealer
from portal_web.web.words import Words

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/dealers/{dealer}/cases")


@dataclass
class Event:
    """One event of a stream, as its lines come."""

    name: str = "message"
    id: str | None = None
    data: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Take a line in."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self.name = value
        elif name == "id":
            self.id = value
        elif name == "data":
            self.data.append(value)

    def text(self, data: str) -> bytes:
        """The event with other data."""
        head = f"id: {self.id}\n" if self.id else ""
        return f"{head}event: {self.name}\ndata: {data}\n\n".encode()


@router.get("/stream")
async def stream(request: Request, at: ForDealer) -> Response:
    """Pass the API's stream on; it ends when the token does, and the browser then comes again with a new one."""
    upstream = at.api.changes(request.headers.get("last-event-id"))
    answer = await upstream.__aenter__()
    words, stopping = words_of(request), request.app.state.stopping

    async def body() -> AsyncIterator[bytes]:
        try:
            async for text in _until(stopping, _translated(lines_of(answer), words)):
                yield text
        finally:
            await upstream.__aexit__(None, None, None)

    return StreamingResponse(body(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


async def _until(stopping: asyncio.Event, texts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The texts, until the service stops: no stream may hold that up."""
    stopped = asyncio.ensure_future(stopping.wait())
    coming: asyncio.Future[bytes | None] | None = None
    try:
        while True:
            coming = asyncio.ensure_future(anext(texts, None))
            await asyncio.wait({coming, stopped}, return_when=asyncio.FIRST_COMPLETED)
            text = coming.result() if coming.done() else None
            if text is None:
                return
            yield text
    finally:
        left = [one for one in (stopped, coming) if one is not None]
        for one in left:
            one.cancel()
        await asyncio.gather(*left, return_exceptions=True)


async def _translated(lines: AsyncIterator[str], words: Words) -> AsyncIterator[bytes]:
    event = Event()
    async for line in lines:
        if line.startswith(":"):
            yield b": alive\n\n"
        elif line:
            event.add(line)
        else:
            if event.data:
                yield _shown(event, words)
            elif event.id:
                yield f"id: {event.id}\n\n".encode()  # the place in the stream, without anything new
            event = Event()


def _shown(event: Event, words: Words) -> bytes:
    """A case's event with its cells and what to say of it; anything else bids the page look anew."""
    if event.name != "case":
        return event.text("{}")
    try:
        case = Case.model_validate_json("\n".join(event.data))
    except ValidationError:
        log.warning("stream_event_not_understood", event_id=event.id)
        return Event("resync", event.id).text("{}")
    data = {
        "case": case.web_case_id,
        "status": fragment("cases/status.html", words, case=case),
        "case_id": case.case_id or "",
        "say": _said(case, words),
    }
    return event.text(orjson.dumps(data).decode())


def _said(case: Case, words: Words) -> str:
    if case.undelivered and case.submission:
        what = words(STATES[case.submission.state])
    elif case.status == "submitted" and case.submission:
        what = words(STATES.get(case.submission.state, STATUSES[case.status]))
    else:
        what = words(STATUSES[case.status])
    return f"{case.web_case_id}: {what}"
