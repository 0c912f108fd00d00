"""A request to the OData side, by HTTP or inside a batch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from d365_sandbox.odata_errors import ODataError


@dataclass(frozen=True, slots=True)
class DataRequest:
    """What the OData side needs from an HTTP request; `origin` is `scheme://host`."""

    method: str
    raw_path: str
    query_string: str
    origin: str
    headers: Mapping[str, str]
    body: bytes


def read_json(request: DataRequest) -> dict[str, Any]:
    """The body of a write; raises `ODataError` 415 or 400 if it is not a JSON object."""
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise ODataError(415, f"The content type '{content_type}' is not supported: send application/json.")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise ODataError(400, f"The request body is not valid JSON: {error}") from error
    if not isinstance(body, dict):
        raise ODataError(400, "The request body is not a JSON object.")
    return body
