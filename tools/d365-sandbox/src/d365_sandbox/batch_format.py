"""The text of a batch: `multipart/mixed` with HTTP requests in it, a changeset being another `multipart/mixed`.

OData 4.0 Protocol, section 11.7; Microsoft Learn, "Open Data Protocol (OData)": batches and changesets are supported.
"""

import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from http import HTTPStatus
from urllib.parse import urlsplit

from multidict import CIMultiDict

from d365_sandbox.data_request import DataRequest
from d365_sandbox.odata_errors import Answer, ODataError
from d365_sandbox.rendering import render

CRLF = "\r\n"
# Microsoft's OData library splits at the first and the last space, so an address may contain some
REQUEST_LINE = re.compile(r"^([A-Z]+) (.+) HTTP/1\.[01]$")
REFERENCE = re.compile(r"^\$([^/?]+)(.*)$")
HEAD_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a batch; `target` is its address as written, `content_id` its name within a changeset."""

    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes
    content_id: str = ""


Changeset = tuple[Step, ...]


def parse_batch(request: DataRequest) -> list[Step | Changeset]:
    """The parts of a batch in order; raises `ODataError` 400 if the request is not a batch."""
    content_type = request.headers.get("Content-Type", "")
    message = BytesParser().parsebytes(b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n" + request.body)
    return [_changeset(part) if part.is_multipart() else _step(part) for part in _parts(message)]


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    if message.get_content_type() != "multipart/mixed" or not isinstance(payload, list):
        raise ODataError(400, "A batch needs the content type multipart/mixed with a boundary, and at least one part.")
    return [part for part in payload if isinstance(part, Message)]


def _changeset(part: Message) -> Changeset:
    steps = tuple(_step(inner) for inner in _parts(part))
    if any(step.method == "GET" for step in steps):
        raise ODataError(400, "A changeset cannot contain a GET. Put it outside the changeset.")
    names = [step.content_id for step in steps if step.content_id]
    if len(names) != len(set(names)):
        raise ODataError(400, "A changeset contains the same Content-ID twice.")
    return steps


def _step(part: Message) -> Step:
    payload = part.get_payload(decode=True)
    if part.get_content_type() != "application/http" or not isinstance(payload, bytes):
        raise ODataError(400, f"A part of a batch must be application/http, not '{part.get_content_type()}'.")
    head, *rest = HEAD_END.split(payload.lstrip(b"\r\n"), maxsplit=1)
    line, _, headers = head.partition(b"\n")
    match = REQUEST_LINE.match(line.decode(errors="replace").strip())
    if match is None:
        raise ODataError(400, f"'{line[:100].decode(errors='replace').strip()}' is not the first line of a request.")
    parsed = CIMultiDict(BytesHeaderParser().parsebytes(headers + b"\r\n\r\n").items())
    content_id = str(part.get("Content-ID") or parsed.get("Content-ID", ""))
    return Step(match[1], match[2], parsed, rest[0] if rest else b"", content_id)


def to_request(step: Step, batch: DataRequest, made: dict[str, str]) -> DataRequest:
    """The step as a request; a target such as `$1/…` means what the step with that Content-ID created."""
    reference = REFERENCE.match(step.target)
    target = made[reference[1]] + reference[2] if reference and reference[1] in made else step.target
    address = urlsplit(target)
    path = address.path if address.path.startswith("/") else f"/data/{address.path}"
    return DataRequest(step.method, path, address.query, batch.origin, step.headers, step.body)


def to_part(answer: Answer, content_id: str = "") -> str:
    """An answer as a part of a batch's answer, without the boundary."""
    headers, body = render(answer)
    own = {"Content-Type": "application/http", "Content-Transfer-Encoding": "binary"}
    own |= {"Content-ID": content_id} if content_id else {}
    line = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"
    return CRLF.join([*_lines(own), "", line, *_lines(headers), "", body.decode()])


def _lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


def to_multipart(parts: list[str], boundary: str) -> str:
    """The parts between their boundaries."""
    return "".join(f"--{boundary}{CRLF}{part}{CRLF}" for part in parts) + f"--{boundary}--{CRLF}"
