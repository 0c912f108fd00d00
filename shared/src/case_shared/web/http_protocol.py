"""uvicorn's HTTP/1.1 with limits: a client must send its request in time, and not endlessly.

uvicorn has no such limits with httptools, whose parser keeps a header line however long it grows; and uvicorn reads
and drops forever the part of a body that no route reads.
"""

import asyncio

import orjson

from case_shared.process.private import HttpConnection
from case_shared.web.problems import COMMON, MEDIA_TYPE

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
# For the request line and headers, from the connection's start or the head's first byte.
HEAD_SECONDS = 10.0
# For the rest of a body that nobody reads any more; a route that reads one has its own time-out.
_BODY_SECONDS = 15.0
# A megabyte in chunks of a few bytes each; nobody reads what exceeds it.
_MAX_RAW_BODY_BYTES = 8 * 1024 * 1024


class _HeadTooLarge(Exception):
    """The head of the request is larger than allowed."""


class BoundedProtocol(HttpConnection):
    """One connection: refuses a head that is wrong (400), too large (431) or too late (408), and closes a slow one."""

    def __init__(self, *arguments: object, **more: object) -> None:
        super().__init__(*arguments, **more)  # type: ignore[arg-type]
        self._in_head = self._in_body = False
        self._raw_bytes = 0
        self._messages = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request, but not forever."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse `data`, and start a timer if it leaves a request unfinished."""
        before = self._messages
        super().data_received(data)
        if self.transport.is_closing():
            return
        # Line feeds before a request do not start one, but they are not silence either.
        unfinished = self._in_head or self._in_body or before == self._messages
        if not unfinished:
            return
        self._raw_bytes += len(data)
        if self._in_head and self._raw_bytes > MAX_HEAD_BYTES:
            self._refuse("headers-too-large")
        elif self._raw_bytes > _MAX_RAW_BODY_BYTES:
            self.transport.close()
        elif self._timer is None:
            self._wait(_BODY_SECONDS if self._in_body else HEAD_SECONDS)

    def on_message_begin(self) -> None:
        """Note a request's first byte."""
        super().on_message_begin()
        self._in_head, self._raw_bytes = True, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what follows the body (a trailer) is ignored, since nothing of ours reads it."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note that the head is complete: start to answer it, unless it is too large."""
        self._stop_waiting()
        if self._is_head_too_large():
            raise _HeadTooLarge
        self._in_head, self._in_body, self._raw_bytes = False, True, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        self._stop_waiting()
        self._in_body = False
        self._messages += 1
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """Refuse; called if the parser fails, and so if one of the methods above does."""
        self._refuse("headers-too-large" if self._in_head and self._is_head_too_large() else "malformed-request")

    def _is_head_too_large(self) -> bool:
        headers, size = self.head_size
        return headers > MAX_HEADERS or size > MAX_HEAD_BYTES

    def _wait(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._too_late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self.is_answering:
            self._wait(1.0)  # a request is being answered; whatever reads its body gives up in time
        elif self._in_head:
            self._refuse("request-timeout")
        else:
            self.transport.close()

    def _refuse(self, slug: str) -> None:
        kind = COMMON[slug]
        body = orjson.dumps({"type": f"urn:casebridge:problem:{slug}", "title": kind.title, "status": kind.status})
        head = b"content-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (MEDIA_TYPE.encode(), len(body))
        self.answer_and_close(kind.status, head, body)
