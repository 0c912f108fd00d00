"""What a request's headers demand: If-Match, If-None-Match, Idempotency-Key, Prefer."""

import hashlib
import re
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from case_api.app.stores import Key
from case_api.web.problems import version_required, wrong_parameter
from case_shared.web.auth import Principal

DocumentT = TypeVar("DocumentT", bound=BaseModel)
JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
LONGEST_WAIT_SECONDS = 30
# A weak tag never matches (RFC 9110, 13.1.1); `*` would let a caller change what it has not seen.
KEY_PATTERN = r"^[\x21-\x7e]{1,255}$"
_TAG = re.compile(r'(?<!W/)"(\d{1,9})"')
_KEY = re.compile(KEY_PATTERN)
_WAIT = re.compile(r'(?:^|[,;\s])wait\s*=\s*("?)(\d{1,100})\1(?=[,;\s]|$)', re.ASCII | re.IGNORECASE)


async def versions(if_match: Annotated[str | None, Header(include_in_schema=False)] = None) -> list[int]:
    """FastAPI dependency: the versions that `If-Match` names; raises 428 if it is missing."""
    if if_match is None:
        raise version_required()
    return [int(number) for number in _TAG.findall(if_match)]


Versions = Annotated[list[int], Depends(versions)]


async def idempotency_key(request: Request, principal: Principal) -> Key | None:
    """Return the request's `Idempotency-Key` with a hash of what it identifies: method, address, condition and body."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise wrong_parameter("Idempotency-Key", "Use 1 to 255 visible ASCII characters, for example a UUID.")
    parts = (request.method, str(request.scope["path"]), request.headers.get("if-match", ""))
    hashed = b"\n".join([*(part.encode() for part in parts), await request.body()])
    return Key(principal.issuer, principal.subject, key, hashlib.sha256(hashed).digest())


def unless_known(request: Request, response: Response, document: DocumentT) -> DocumentT | Response:
    """Return `document` with an ETag over all of it, or 304 without a body if `If-None-Match` already has the tag.

    Not for a case, whose ETag only serves preconditions: it stays the same while D365's side changes.
    """
    digest = hashlib.blake2b(document.model_dump_json().encode(), digest_size=12).hexdigest()
    response.headers["ETag"] = tag = f'W/"{digest}"'
    known = {one.strip() for one in request.headers.get("if-none-match", "").split(",")}
    return Response(status_code=304, headers=dict(response.headers)) if tag in known else document


def wait_seconds(request: Request) -> int:
    """Return the seconds that `Prefer: wait=N` asks to wait (RFC 7240), 30 at most; 0 without it."""
    found = _WAIT.search(",".join(request.headers.getlist("prefer")))
    return min(int(found[2]), LONGEST_WAIT_SECONDS) if found else 0
