"""Answers of the OData side, and refusals in the shape captured from D365."""

from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]

NAMESPACE = "Microsoft.Dynamics.DataEntities"
WRITE_FAILED = "Microsoft.Dynamics.Platform.Integration.Services.OData.Update.UpdateProcessor"


@dataclass(slots=True)
class Answer:
    """An answer to the client, before it becomes bytes: `body` is JSON, `text` anything else."""

    status: int
    body: JsonObject | None = None
    text: str = ""
    content_type: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)


class ODataError(Exception):
    """A request that D365 refuses, with the status and the text of `innererror.message`."""

    def __init__(self, status: int, message: str, kind: str = "System.InvalidOperationException") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind

    def answer(self) -> Answer:
        """The refusal as D365 would send it."""
        return Answer(self.status, error_body(self.message, self.kind))


class RefusedField(ODataError):
    """A query option names a field that is private, or cannot be queried; as observed, the answer gives no reason."""

    def __init__(self, name: str) -> None:
        super().__init__(400, f"The field '{name}' cannot be queried.")

    def answer(self) -> Answer:
        """400 with an empty body."""
        return Answer(400)


class EntitySetNotFound(ODataError):
    """The path names no entity set; the front end answers, not OData, so the body has another shape."""

    def __init__(self, url: str) -> None:
        super().__init__(404, f"No HTTP resource was found that matches the request URI '{url}'.")

    def answer(self) -> Answer:
        """Web API's own 404 (assumed: no capture was found)."""
        return Answer(404, {"Message": self.message})


class MethodNotAllowed(ODataError):
    """The address does not take this method; the front end answers, as for an unknown entity set."""

    def __init__(self, method: str) -> None:
        super().__init__(405, f"The requested resource does not support http method '{method}'.")

    def answer(self) -> Answer:
        """Web API's own 405 (assumed: no capture was found)."""
        return Answer(405, {"Message": self.message})


def error_body(message: str, kind: str = "System.InvalidOperationException") -> JsonObject:
    """The captured wrapper: an empty code, a fixed message, the reason in `innererror.message`."""
    inner = {"message": message, "type": kind, "stacktrace": f"   at {WRITE_FAILED}.Process()"}
    return {"error": {"code": "", "message": "An error has occurred.", "innererror": inner}}


def unknown_property(name: str, type_name: str) -> ODataError:
    """A property that the entity does not have, in a body or in the URL."""
    message = f"Could not find a property named '{name}' on type '{NAMESPACE}.{type_name}'."
    return ODataError(400, message, "Microsoft.OData.ODataException")


def invalid_query(reason: str) -> ODataError:
    """A query option that does not parse or is not supported."""
    return ODataError(400, f"The query specified in the URI is not valid. {reason}", "Microsoft.OData.ODataException")


def write_failed(type_name: str, reasons: list[str], data_source: str) -> ODataError:
    """A refusal by validation, with the Infolog as seen in a production fixture."""
    warnings = "".join(f"Warning: {reason}; " for reason in reasons)
    tail = f"Warning: validateWrite failed on data source '{data_source} ({data_source})'."
    return ODataError(400, f"Write failed for table row of type '{type_name}'. Infolog: {warnings}{tail}")


def already_exists(status: int, type_name: str, label: str, table: str, keys: str) -> ODataError:
    """A duplicate key; its HTTP status is not documented, so it is a setting."""
    reason = f"Cannot create a record in {label} ({table}). {keys}. The record already exists."
    return ODataError(status, f"Write failed for table row of type '{type_name}'. Infolog: Error: {reason}")


def update_conflict(label: str, table: str) -> ODataError:
    """The ETag that was sent is no longer the record's."""
    reason = (
        "An update conflict occurred due to another user process deleting the record or changing one or more fields"
    )
    return ODataError(412, f"Cannot edit a record in {label} ({table}). {reason} in the record.")


def not_found(type_name: str) -> ODataError:
    """No record has this key in the companies that the request sees."""
    return ODataError(404, f"No resources were found for type '{NAMESPACE}.{type_name}' with the given key.")
