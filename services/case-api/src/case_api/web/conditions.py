"""Headers and bodies that are read by hand: If-Match, Idempotency-Key, Prefer, and JSON."""

import asyncio
import hashlib
import re
from typing import TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError

from case_api.app.stores import Key
from case_api.web.context import context_of
from case_api.web.documents import Json, answer
from case_api.web.problems import too_slow, unsupported_media_type, version_required, wrong_parameter
from case_shared.auth import Principal
from case_shared.http import header
from case_shared.problems import field_errors, invalid

ModelT = TypeVar("ModelT", bound=BaseModel)
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
LONGEST_WAIT_SECONDS = 30
# A weak tag never matches (RFC 9110, 13.1.1); `*` would let a caller act on what it has not seen.
KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"
_TAG = re.compile(r'(?<!W/)"(\d{1,9})"')
_KEY = re.compile(KEY_PATTERN)
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,4})\b")


def versions(request: Request) -> list[int]:
    """The versions that `If-Match` names; raises 428 where it is missing."""
    header = request.headers.get("if-match")
    if header is None:
        raise version_required()
    return [int(number) for number in _TAG.findall(header)]


async def read_body(request: Request, model: type[ModelT], *media_types: str) -> ModelT:
    """The body as `model`; raises 415 for another media type and 422 with a pointer per field.

    A body without Content-Type counts as JSON, which RFC 9110 (8.3) leaves to its receiver.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent and sent not in media_types:
        raise unsupported_media_type(" or ".join(media_types))
    try:
        return model.model_validate_json(await _body(request))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid(field_errors([{**entry, "loc": ("body", *entry["loc"])} for entry in found])) from None


async def idempotency_key(request: Request, principal: Principal) -> Key | None:
    """The request's `Idempotency-Key` with what it stands for: method, address, condition and body."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise wrong_parameter("Idempotency-Key", "A key has 1 to 255 visible ASCII characters, such as a UUID.")
    parts = (request.method, request.url.path, request.headers.get("if-match", ""))
    stands_for = b"\n".join([*(part.encode() for part in parts), await _body(request)])
    return Key(principal.subject, key, hashlib.sha256(stands_for).digest())


async def _body(request: Request) -> bytes:
    """The body; raises 408 where it does not come in time."""
    try:
        async with asyncio.timeout(context_of(request).body_seconds):
            return await request.body()
    except TimeoutError:
        raise too_slow() from None


def answer_unless_known(request: Request, document: Json, **headers: str) -> Response:
    """`document` with an ETag over all of it; 304 without a body where `If-None-Match` has it already.

    Not for a case, whose ETag serves preconditions only: it stays while D365's side changes.
    """
    response = answer(document, 200, **headers)
    tag = f'W/"{hashlib.blake2b(response.body, digest_size=12).hexdigest()}"'
    response.headers["ETag"] = tag
    known = {one.strip() for one in request.headers.get("if-none-match", "").split(",")}
    if tag not in known:
        return response
    return Response(status_code=304, headers={"ETag": tag, **headers})


def wait_seconds(request: Request) -> int:
    """Seconds that `Prefer: wait=N` asks to wait (RFC 7240), 30 at most; 0 without it."""
    preferred = header(request.scope, b"prefer")
    found = _WAIT.search(preferred.decode("latin-1")) if preferred else None
    return min(int(found[1]), LONGEST_WAIT_SECONDS) if found else 0
