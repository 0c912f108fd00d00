"""Files for browsers: scripts, styles and icons, cached forever by the version in their address."""

import hashlib
import mimetypes
from functools import cache
from importlib import resources

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

router = APIRouter()
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@cache
def files() -> dict[str, bytes]:
    """All of them, by name."""
    folder = resources.files("portal_web.web") / "static"
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@cache
def _version() -> str:
    """One for all of them: a script imports another by its name alone, so by its own version."""
    every = b"".join(hashlib.sha256(content).digest() for _, content in sorted(files().items()))
    return hashlib.sha256(every).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a file that exists; it changes with the files."""
    if name not in files():
        raise KeyError(name)
    return f"/static/{_version()}/{name}"


@router.get("/static/{version}/{name}", include_in_schema=False)
async def serve(version: str, name: str) -> Response:
    """A file; an old version's address returns today's file, uncached."""
    content = files().get(name)
    if content is None:
        raise HTTPException(404)
    kind = _TYPES.get("." + name.rpartition(".")[2]) or mimetypes.guess_type(name)[0]
    return Response(content, media_type=kind, headers=_FOREVER if version == _version() else {})
