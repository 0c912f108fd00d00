"""The AsyncAPI document of our topics, made from the event models.

`python -m case_shared.kafka.asyncapi docs/events/asyncapi.json` writes it, and refuses a change that would break a
subscriber of the version in that file: such a change needs a new event type (`….v2`) on its own topic.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED
from case_shared.words.events import CaseDelivery, CaseStatusChanged, CaseSubmitted, Payload

_EVENTS: dict[str, type[Payload]] = {
    CASE_SUBMITTED: CaseSubmitted,
    CASE_DELIVERY: CaseDelivery,
    CASE_STATUS_CHANGED: CaseStatusChanged,
}


def document() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document: one channel per topic, CloudEvents 1.0 in binary mode, keyed by Web Case ID."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Casebridge events",
            "version": "1",
            "description": "CloudEvents 1.0 in Kafka's binary mode (headers `ce_*`), keyed by the Web Case ID.",
        },
        "defaultContentType": "application/json",
        "channels": {topic: _channel(topic, model) for topic, model in _EVENTS.items()},
    }


def _channel(topic: str, model: type[Payload]) -> dict[str, Any]:
    message = {
        "name": model.__name__,
        "summary": (model.__doc__ or "").strip(),
        "contentType": "application/json",
        "headers": _HEADERS,
        "payload": model.model_json_schema(mode="serialization"),
    }
    return {"address": topic, "messages": {model.__name__: message}}


_HEADERS = {
    "type": "object",
    "required": ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject"],
    "properties": {
        name: {"type": "string"}
        for name in ("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_subject", "traceparent")
    },
}


def incompatibilities(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Yield what could break a reader of `old` in `new`: fields or channels gone, types changed, values added."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            if name in {"description", "summary", "title", "default", "examples", "version"}:
                continue
            if name not in new:
                yield f"{path}/{name} is missing"
            else:
                yield from incompatibilities(value, new[name], f"{path}/{name}")
    elif isinstance(old, list) and isinstance(new, list) and path.endswith("/required"):
        yield from (f"{path}: {name} is no longer required" for name in old if name not in new)
    elif old != new:
        yield f"{path} changed from {old!r} to {new!r}"


def main() -> None:
    """Write the document to the given path, unless that would break a subscriber."""
    path = Path(sys.argv[1])
    if path.exists():
        problems = list(incompatibilities(json.loads(path.read_text(encoding="utf-8")), document()))
        if problems:
            raise SystemExit("refused, because this breaks subscribers:" + "\n".join(problems))
    path.write_text(json.dumps(document(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
