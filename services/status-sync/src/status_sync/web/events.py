"""`POST /v1/d365/events`: D365's HTTPS endpoint for business events."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, SecretStr

from case_shared.problems import FieldError, Problem
from status_sync.app.receive_events import EventTooLarge, KafkaNotReached, NotAnEvent, ReceiveEvents
from status_sync.domain.recognition import ENVELOPE_FIELD
from status_sync.web.openapi import PROBLEMS, SECURITY

_EVENT_SCHEMA = {
    "type": "object",
    "required": [ENVELOPE_FIELD],
    "properties": {
        ENVELOPE_FIELD: {"type": "string", "pattern": r"\S", "examples": ["CaseStatusChangedBusinessEvent"]},
        "BusinessEventLegalEntity": {"examples": ["usmf"]},
        "CaseId": {"examples": ["C-000123"]},
        "WebCaseId": {"examples": ["W7K3M9QX2T"]},
    },
    "additionalProperties": True,
    "description": "D365's flat envelope, as it comes; an event that names no case is accepted and ignored.",
}
_EXAMPLE = {
    ENVELOPE_FIELD: "CaseStatusChangedBusinessEvent",
    "BusinessEventLegalEntity": "usmf",
    "CaseId": "C-000123",
    "WebCaseId": "W7K3M9QX2T",
    "CaseStatus": "InProcess",
}
_BODY = {
    "security": SECURITY,
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_EVENT_SCHEMA, {"type": "array", "items": _EVENT_SCHEMA, "minItems": 1}]},
                "example": _EXAMPLE,
            }
        },
    },
}
_RETRY_AFTER_SECONDS = "5"


class EventsAccepted(BaseModel):
    """How many events Kafka has now."""

    model_config = ConfigDict(frozen=True)

    accepted: int


def event_routes(secret: SecretStr | None) -> APIRouter:
    """The endpoint; without a secret it is off."""
    router = APIRouter(tags=["D365"])

    async def authenticated(
        code: Annotated[str | None, Query(include_in_schema=False)] = None,
        authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
    ) -> None:
        check_secret(secret, code=code, authorization=authorization)

    @router.post(
        "/v1/d365/events",
        status_code=202,
        operation_id="receive_events",
        summary="Take business events of D365",
        dependencies=[Depends(authenticated)],
        responses=PROBLEMS,
        openapi_extra=_BODY,
    )
    async def receive(request: Request) -> EventsAccepted:
        """Put one event, or an array of them, into the inbound topic as they come; answered once Kafka has them."""
        receive_events: ReceiveEvents = request.app.state.receive_events
        try:
            return EventsAccepted(accepted=await receive_events.handle(await request.body()))
        except NotAnEvent as error:
            detail = FieldError(pointer=error.pointer, detail=str(error))
            raise Problem(
                400, "not-an-event", "The body is no business event of D365", str(error), errors=[detail]
            ) from error
        except EventTooLarge as error:
            raise Problem(413, "too-large", "The body is too large", str(error)) from error
        except KafkaNotReached as error:
            headers = {"Retry-After": _RETRY_AFTER_SECONDS}
            detail_text = "Kafka did not take the events in time. Send them again; doubles do no harm."
            raise Problem(503, "unavailable", "Not available now", detail_text, headers=headers) from error

    return router


def check_secret(secret: SecretStr | None, *, code: str | None, authorization: str | None) -> None:
    """Compare in constant time. Raises `Problem` 401, or 503 where the endpoint has no secret."""
    expected = secret.get_secret_value() if secret else ""
    if not expected:
        raise Problem(
            503, "events-off", "This endpoint is off", "An operator must set D365_EVENTS_SECRET to turn it on."
        )
    scheme, _, token = (authorization or "").partition(" ")
    given = token.strip() if scheme.lower() == "bearer" else code or ""
    if not secrets.compare_digest(given.encode(), expected.encode()):
        detail = "Send the shared secret as bearer token, or as ?code=."
        raise Problem(
            401, "unauthorized", "The secret is missing or wrong", detail, headers={"WWW-Authenticate": "Bearer"}
        )
