"""The shapes of a business event over HTTPS, and the handshakes before it.

D365 itself sends its envelope. With Power Platform integration it sends through Dataverse, whose webhooks post a
RemoteExecutionContext (Learn, "Use webhooks to create external handlers for server events"); where it has the fields is
not published, so the sandbox offers two guesses. Event Grid wraps events in its own schema or in CloudEvents 1.0.
"""

import json
import uuid
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

SOURCE = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/d365/providers/Microsoft.EventGrid/topics/cases"
)
JSON = "application/json"


class Shape(StrEnum):
    """How an event is wrapped."""

    PLAIN = "plain"
    DATA = "data"
    DATAVERSE = "dataverse"
    DATAVERSE_ATTRIBUTES = "dataverse-attributes"
    EVENT_GRID = "event-grid"
    CLOUD_EVENT = "cloudevent"
    CLOUD_EVENT_BATCH = "cloudevent-batch"
    CLOUD_EVENT_BINARY = "cloudevent-binary"

    @property
    def handshake(self) -> str:
        """The handshake before the first event: `event-grid`, `cloudevents` or empty."""
        if self is Shape.EVENT_GRID:
            return "event-grid"
        return "cloudevents" if self.value.startswith("cloudevent") else ""


class Sent(NamedTuple):
    """A request's body and headers."""

    body: bytes
    headers: dict[str, str]


def wrap(shape: Shape, envelope: bytes) -> Sent:
    """The request for an event, given as D365's own envelope."""
    fields: dict[str, Any] = json.loads(envelope)
    if shape is Shape.PLAIN:
        return Sent(envelope, {"Content-Type": JSON})
    if shape is Shape.CLOUD_EVENT_BINARY:
        attributes = {name: value for name, value in _cloud_event(fields).items() if isinstance(value, str)}
        headers = {f"ce-{name}": value for name, value in attributes.items() if name != "datacontenttype"}
        return Sent(envelope, {"Content-Type": JSON, **headers})
    return _WRAPPED[shape](fields)


def validation(code: str) -> Sent:
    """Event Grid's first request to an endpoint."""
    data = {"validationCode": code, "validationUrl": "https://eventgrid.invalid/validate"}
    sent = _json([_event_grid("Microsoft.EventGrid.SubscriptionValidationEvent", data)])
    return Sent(sent.body, {**sent.headers, "aeg-event-type": "SubscriptionValidation"})


def _json(content: Any, content_type: str = JSON) -> Sent:
    return Sent(json.dumps(content).encode(), {"Content-Type": content_type})


def _pairs(fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": value} for name, value in fields.items()]


def _context(fields: dict[str, Any], parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "BusinessUnitId": str(uuid.UUID(int=1)),
        "CorrelationId": str(uuid.uuid4()),
        "Depth": 1,
        "InputParameters": parameters,
        "IsExecutingOffline": False,
        "MessageName": f"mserp_{fields['BusinessEventId']}",
        "Mode": 1,
        "OperationCreatedOn": f"/Date({str(fields['EventTime']).strip('/').removeprefix('Date(').rstrip(')')}+0000)/",
        "OrganizationName": "contoso",
        "OutputParameters": [],
        "PostEntityImages": [],
        "PreEntityImages": [],
        "PrimaryEntityName": "none",
        "SharedVariables": [],
        "Stage": 40,
    }


def _event_grid(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "topic": SOURCE,
        "subject": str(data.get("BusinessEventLegalEntity", "")),
        "eventType": kind,
        "eventTime": data.get("EventTimeIso8601", "2026-01-01T00:00:00Z"),
        "data": data,
        "dataVersion": "1",
        "metadataVersion": "1",
    }


def _cloud_event(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(fields["EventId"]),
        "source": SOURCE,
        "type": str(fields["BusinessEventId"]),
        "time": str(fields["EventTimeIso8601"]),
        "datacontenttype": JSON,
        "data": fields,
    }


def _target(fields: dict[str, Any]) -> list[dict[str, Any]]:
    kind = "Entity:http://schemas.microsoft.com/xrm/2011/Contracts"
    return [{"key": "Target", "value": {"__type": kind, "Attributes": _pairs(fields)}}]


_WRAPPED: dict[Shape, Callable[[dict[str, Any]], Sent]] = {
    Shape.DATA: lambda fields: _json({"data": fields}),
    Shape.DATAVERSE: lambda fields: _json(_context(fields, _pairs(fields))),
    Shape.DATAVERSE_ATTRIBUTES: lambda fields: _json(_context(fields, _target(fields))),
    Shape.EVENT_GRID: lambda fields: _json([_event_grid(fields["BusinessEventId"], fields)]),
    Shape.CLOUD_EVENT: lambda fields: _json(_cloud_event(fields), "application/cloudevents+json; charset=utf-8"),
    Shape.CLOUD_EVENT_BATCH: lambda fields: _json(
        [_cloud_event(fields)], "application/cloudevents-batch+json; charset=utf-8"
    ),
}
