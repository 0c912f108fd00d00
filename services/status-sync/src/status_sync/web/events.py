"""`/v1/d365/events`: where D365, Dataverse and Azure Event Grid send business events, and their handshakes."""

import re
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, SecretStr

from case_shared.web.limits import Limit
from case_shared.web.problems import FieldError, Problem
from status_sync.app.receive_events import EventTooLarge, KafkaNotReached, NotAnEvent, Received, ReceiveEvents
from status_sync.web.openapi import BODY, HANDSHAKE, HANDSHAKE_PROBLEMS, PROBLEMS
from status_sync.web.secret import Given, check_secret

ADDRESS = "/v1/d365/events"
_RETRY_AFTER_SECONDS = "5"
_BINARY_MODE = "ce-specversion"
# The characters with which a header may be sent back (RFC 9110, field values), without spaces.
_ORIGIN = re.compile(r"[\x21-\x7e]{1,255}")


class EventsAccepted(BaseModel):
    """The number of events that Kafka has stored.

    `unreadable` counts further ones that are kept for operators, with the reason.
    """

    model_config = ConfigDict(frozen=True)

    accepted: int
    unreadable: int = 0


class SubscriptionValidated(BaseModel):
    """The answer to Event Grid's validation."""

    model_config = ConfigDict(frozen=True)

    validationResponse: str  # noqa: N815 - Event Grid's name


@dataclass(frozen=True)
class EventLimits:
    """How many requests a sender with the secret may make, and how many each address without it: it may be guessing."""

    with_secret: Limit = field(default_factory=lambda: Limit("secret", 0))
    of_address: Limit = field(default_factory=lambda: Limit("address", 0))
    per_minute: int = 0


async def _given(
    code: Annotated[str | None, Query(include_in_schema=False)] = None,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
    x_functions_key: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Given:
    return Given(code, authorization, x_functions_key)


@dataclass(frozen=True)
class _EventAccess:
    """Who may send events."""

    secret: SecretStr | None
    limits: EventLimits

    async def authenticated(self, request: Request, given: Annotated[Given, Depends(_given)]) -> None:
        """Demand the secret."""
        try:
            check_secret(self.secret, given)
        except Problem:
            self._count_address(request)
            raise
        self.limits.with_secret.count("secret")

    async def invited(self, request: Request, given: Annotated[Given, Depends(_given)]) -> None:
        """Let a handshake in without the secret, because it gives no rights; a wrong one is reported at once."""
        if given.anything or self.secret is None:
            await self.authenticated(request, given)
        else:
            self._count_address(request)

    def _count_address(self, request: Request) -> None:
        self.limits.of_address.count(request.client.host if request.client else "")


def event_routes(secret: SecretStr | None, limits: EventLimits) -> APIRouter:
    """Make the endpoint's routes; without a secret it is off."""
    router = APIRouter(tags=["D365"])
    access = _EventAccess(secret, limits)

    @router.post(
        ADDRESS,
        status_code=202,
        operation_id="receive_events",
        summary="Receive business events from D365",
        dependencies=[Depends(access.authenticated)],
        response_model=EventsAccepted,
        responses={
            200: {"model": SubscriptionValidated, "description": "The answer to Event Grid's handshake."},
            **PROBLEMS,
        },
        openapi_extra=BODY,
    )
    async def receive(request: Request) -> Response:
        """Put events unchanged into the inbound topic, and answer when Kafka has stored them.

        The endpoint accepts D365's own envelope, fields under `data`, Dataverse's RemoteExecutionContext, and the
        schemas of Event Grid and CloudEvents (including batches and binary mode). See docs/events/d365.md.
        """
        receive_events: ReceiveEvents = request.app.state.receive_events
        received = await _receive(receive_events, await request.body(), _attributes(request))
        if received.validation_code is not None:
            return JSONResponse({"validationResponse": received.validation_code})
        body = EventsAccepted(accepted=received.accepted, unreadable=received.unreadable)
        return JSONResponse(body.model_dump(), 202)

    @router.options(
        ADDRESS,
        operation_id="allow_event_source",
        summary="Answer the CloudEvents handshake",
        dependencies=[Depends(access.invited)],
        response_class=Response,
        responses=HANDSHAKE_PROBLEMS,
        openapi_extra=HANDSHAKE,
    )
    async def handshake(
        web_hook_request_origin: Annotated[str | None, Header(alias="WebHook-Request-Origin")] = None,
    ) -> Response:
        """Allow the source that asks to send its events here (CloudEvents, "HTTP 1.1 Web Hooks for Event Delivery")."""
        return Response(status_code=200, headers=_permission(web_hook_request_origin, limits.per_minute))

    return router


def _permission(origin: str | None, per_minute: int) -> dict[str, str]:
    """Return headers that allow `origin` this many requests a minute (0: any); without an origin only the methods."""
    headers = {"Allow": "OPTIONS, POST"}
    if origin and _ORIGIN.fullmatch(origin):
        headers |= {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": str(per_minute or "*")}
    return headers


async def _receive(receive_events: ReceiveEvents, body: bytes, attributes: dict[str, str]) -> Received:
    try:
        return await receive_events.handle(body, attributes)
    except NotAnEvent as error:
        details = [FieldError(pointer=pointer, detail=why) for pointer, why in error.problems]
        title = "The body is not a business event of D365"
        raise Problem(400, "not-an-event", title, str(error), errors=details) from error
    except EventTooLarge as error:
        raise Problem(413, "too-large", "The body is too large", str(error)) from error
    except KafkaNotReached as error:
        headers = {"Retry-After": _RETRY_AFTER_SECONDS}
        detail = "Kafka did not accept the events in time. Send them again; duplicates do no harm."
        raise Problem(503, "unavailable", "Temporarily unavailable", detail, headers=headers) from error


def _attributes(request: Request) -> dict[str, str]:
    """Return the attributes of a CloudEvent in binary mode, from its headers `ce-…`; empty in the other modes."""
    if _BINARY_MODE not in request.headers:
        return {}
    return {name.removeprefix("ce-"): value for name, value in request.headers.items() if name.startswith("ce-")}
