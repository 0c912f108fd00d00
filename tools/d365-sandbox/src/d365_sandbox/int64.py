"""Int64 in JSON: a number, or text for clients whose numbers are floats (OData JSON Format 4.0, section 3.2)."""

from typing import Any

from d365_sandbox.odata_errors import Answer

PARAMETER = "ieee754compatible=true"
COMPATIBLE_JSON = "application/json; odata.metadata=minimal; IEEE754Compatible=true; charset=utf-8"


def written_for(accept: str, answer: Answer) -> Answer:
    """The answer with its Int64s as the client wants them: we have only RecIds and `@odata.count`."""
    if PARAMETER in accept.lower().replace(" ", "") and answer.body is not None and answer.status < 300:
        answer.body = _as_text(answer.body)
        answer.headers["Content-Type"] = COMPATIBLE_JSON
    return answer


def _as_text(value: Any) -> Any:
    match value:
        case dict():
            return {name: _as_text(part) for name, part in value.items()}
        case list():
            return [_as_text(part) for part in value]
        case int() if not isinstance(value, bool):
            return str(value)
        case _:
            return value
