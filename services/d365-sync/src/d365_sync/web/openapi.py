"""What the OpenAPI document says of refusals."""

from typing import Any

from case_shared.problems import MEDIA_TYPE

_ALWAYS = (401, 403, 503)
_MEANING = {
    401: "Not authenticated",
    403: "The token lacks the scope",
    404: "Not found",
    409: "Its state does not permit this",
    422: "The request is not valid",
    503: "Not available now",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer with, beside those that each may."""
    body = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}}
    return {status: {"description": _MEANING[status], **body} for status in sorted({*statuses, *_ALWAYS})}
