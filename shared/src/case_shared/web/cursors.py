"""Cursors of lists: opaque, and valid only for the list that issued them; nobody can forge one."""

import asyncio
import base64
import binascii
import hmac
import secrets
from typing import Any

import orjson
import structlog

from case_shared.database.errors import UNREACHABLE
from case_shared.database.postgres import Pool
from case_shared.database.statements import Statement
from case_shared.process.loops import pause
from case_shared.web.problems import FieldError, Problem, invalid

log = structlog.get_logger(__name__)
LONGEST_CURSOR = 2000
_TAG_BYTES = 16
_WRONG = "This cursor is not valid for this list. Start again without a cursor."


class Cursors:
    """Makes cursors and reads them; all replicas of a service share one key."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)

    def encode(self, of: str, *parts: str | int | None) -> str:
        """Return a cursor of the list `of` that encodes `parts`."""
        body = orjson.dumps([of, *parts])
        return base64.urlsafe_b64encode(self._tag(body) + body).decode().rstrip("=")

    def decode(self, cursor: str | None, of: str, *kinds: type) -> list[Any] | None:
        """Return the parts, of these `kinds` if any are given; None without a cursor. Raises: 422 if it is not ours."""
        if cursor is None:
            return None
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise wrong_cursor() from None
        tag, body = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(body)):
            raise wrong_cursor()
        parts: list[Any]
        name, *parts = orjson.loads(body)
        if name != of or (kinds and [type(part) for part in parts] != list(kinds)):
            raise wrong_cursor()
        return parts

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_TAG_BYTES]


def wrong_cursor(detail: str = _WRONG) -> Problem:
    """Make the 422 for a cursor that is not ours."""
    return invalid([FieldError(pointer="?cursor", detail=detail)])


async def shared_key(pool: Pool) -> bytes:
    """Read the service's key, which its migrations create; wait for the database, however long it takes."""
    never = asyncio.Event()
    while True:
        try:
            key: bytes = await pool.fetchval(Statement.READ_CURSOR_KEY.text)
        except UNREACHABLE as error:
            log.warning("cursor_key_not_read", error=repr(error))
            await pause(1.0, never)
        else:
            return key
