"""The shapes in which D365's business events arrive, and the fields of an event in any of them.

Dataverse and Azure wrap what D365 sends, each in its own way (Learn, "Manage business event endpoints", "Use webhooks
to create external handlers for server events", "Azure Event Grid event schema"; CloudEvents 1.0). No page publishes the
body that F&O sends through Dataverse, so the fields are searched wherever they can be:

- at the top level, as in D365's own envelope;
- under `data` (Event Grid, CloudEvents), which may itself be a JSON text, or under `data_base64`;
- in `InputParameters` of a Dataverse RemoteExecutionContext, a list of key and value, also one level down in the
  `Attributes` of a record.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from case_shared.d365.texts import parse_json

# Dataverse shows fields of F&O under names in lower case with this prefix.
_PREFIX = "mserp_"
_WRAPPERS = ("data", "data_base64", "inputparameters", "attributes")
# These show what a record was before the change, which is no longer true.
_OLD = ("preimage", "preentityimages")
_DEEPEST = 6

# The values of each name, the outermost first.
Fields = Mapping[str, Sequence[Any]]


def name_of(field: str) -> str:
    """Return a field's name for comparison: without case and without Dataverse's prefix."""
    return field.casefold().removeprefix(_PREFIX)


def fields_of(event: Mapping[str, Any]) -> Fields:
    """Return the fields of an event by their names (`name_of`), wherever they are in it."""
    found: dict[str, list[Any]] = {}
    for name, value in _walk(event, 0):
        found.setdefault(name, []).append(value)
    return found


def _walk(content: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield fields level by level: an object's own ones come before those inside its wrappers."""
    inner: list[Any] = []
    for name, value in _pairs(content):
        if name in _OLD:
            continue
        if name in _WRAPPERS:
            inner.append(_unpacked(name, value))
        elif isinstance(value, dict) and "Attributes" in value:
            inner.append(value)
        else:
            yield name, value
    if depth < _DEEPEST:
        for one in inner:
            yield from _walk(one, depth + 1)


def _pairs(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield names and values of an object, or of a list of key and value as .NET writes its collections."""
    match content:
        case dict():
            for name, value in content.items():
                yield name_of(name), value
        case list():
            for one in content:
                match one:
                    case {"key": str() as name, "value": value} | {"Key": str() as name, "Value": value}:
                        yield name_of(name), value


def _unpacked(name: str, value: Any) -> Any:
    """Return what a wrapper contains, parsed if it is a text; None if that fails."""
    if not isinstance(value, str):
        return value
    try:
        return parse_json(base64.b64decode(value, validate=True) if name == "data_base64" else value.encode())
    except (ValueError, binascii.Error):
        return None
