"""The stream of changes (docs/portal-guide.md), with each case already rendered as the list's cells."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import ValidationError

from portal_web.app.live_hub import Page, TooManyPages
from portal_web.clients.case_api import DealerApi, lines_of
from portal_web.domain.api import ApiModel
from portal_web.domain.case_api import CaseDocument
from portal_web.domain.cases import undelivered
from portal_web.domain.live import Event, events_of, resync
from portal_web.web.context import context_of
from portal_web.web.current_user import CurrentDealer, ForDealer
from portal_web.web.labels import STATES, STATUSES
from portal_web.web.preferences import words_of
from portal_web.web.rendering import fragment
from portal_web.web.words import Words

log = structlog.get_logger(__name__)
_PLACE = re.compile(r"[\x21-\x7e]{1,200}")
# How often the page hears that the stream is alive, and the session is checked, whatever else happens.
_ALIVE_SECONDS = 15.0
router = APIRouter(prefix="/dealers/{dealer}/cases")


class _Resync(ApiModel):
    """Why a page must look again: `removed` if a case is no longer the dealer's."""

    reason: str = ""


@router.get("/stream")
async def stream(request: Request, at: ForDealer) -> Response:
    """The changes, until the token or the session ends; then the browser reconnects. 429: the page polls instead."""
    user, words, stopping = at.user, words_of(request), request.app.state.stopping
    page = Page(lambda place: _changes(at.api, place), user.session.tokens.expires_at)
    # Only pages whose tokens give the same rights share a stream.
    shared = f"{at.dealer.dealer} {' '.join(sorted(user.rights.scopes))}"
    place = place_of(request.headers.get("last-event-id"))
    looking = context_of(request).live.looking(shared, user.session.subject, page, place)
    try:
        await looking.__aenter__()
    except TooManyPages:
        return Response(status_code=429, headers={"Retry-After": "10"})

    async def body() -> AsyncIterator[bytes]:
        try:
            async for text in _until(stopping, _page_events(at, page, words)):
                yield text
        finally:
            await looking.__aexit__(None, None, None)

    return StreamingResponse(body(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@asynccontextmanager
async def _changes(api: DealerApi, place: str | None) -> AsyncIterator[AsyncIterator[Event]]:
    async with api.changes(place) as answer:
        yield events_of(lines_of(answer))


async def _page_events(at: CurrentDealer, page: Page, words: Words) -> AsyncIterator[bytes]:
    """The page's events as text; ends with the page's own token or session, whichever token reads the stream."""
    context, secret = at.user.context, at.user.secret
    yield b": here\n\n"
    clock, checked = context.clock, context.clock.monotonic()
    while not page.ended and (left := (page.ends_at - clock.now()).total_seconds()) > 0:
        unchecked = checked + _ALIVE_SECONDS - clock.monotonic()
        events = await page.take(max(0.0, min(left, unchecked)))
        if clock.monotonic() - checked >= _ALIVE_SECONDS:
            if await context.store.find(secret.id) is None:
                return
            checked = clock.monotonic()
            yield b": alive\n\n"
        for event in events:
            yield shown(event, words)


def place_of(sent: str | None) -> str | None:
    """The place where a browser says it was; for anything else a place unknown to the API, which makes it reload."""
    return sent if sent is None or _PLACE.fullmatch(sent) else "unknown"


async def _until(stopping: asyncio.Event, texts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The texts, until the service stops: no stream may delay that."""
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


def shown(event: Event, words: Words) -> bytes:
    """An event as a browser gets it, rendered once for each language."""
    if words.language not in event.shown:
        event.shown[words.language] = _shown(event, words)
    return event.shown[words.language]


def _shown(event: Event, words: Words) -> bytes:
    """A case's event with its cells and what to announce; any other event makes the page reload."""
    if not event.data:  # the place in the stream, without anything new
        return f"id: {event.id}\n\n".encode() if event.id else b": alive\n\n"
    if event.name != "case":
        return event.text(_why(event))
    try:
        case = CaseDocument.model_validate_json("\n".join(event.data))
    except ValidationError:
        log.warning("stream_event_not_understood", event_id=event.id)
        return resync(event.id).text("{}")
    data = {
        "case": case.web_case_id,
        "status": fragment("cases/status.html", words, case=case),
        "case_id": case.case_id or "",
        "say": _said(case, words),
    }
    return event.text(orjson.dumps(data).decode())


def _why(event: Event) -> str:
    """The data of an event that makes the page reload: its reason, if the API gives one."""
    try:
        return _Resync.model_validate_json("\n".join(event.data)).model_dump_json(exclude_defaults=True)
    except ValidationError:
        return "{}"


def _said(case: CaseDocument, words: Words) -> str:
    if undelivered(case) and case.submission:
        what = words(STATES[case.submission.state])
    elif case.moved_at:
        what = words("Moved in D365")
    elif case.deleted_in_d365_at:
        what = words("Deleted in D365")
    elif case.status == "submitted" and case.submission:
        what = words(STATES.get(case.submission.state, STATUSES.get(case.status, case.status)))
    else:
        what = words(STATUSES.get(case.status, case.status))
    return f"{case.web_case_id}: {what}"
