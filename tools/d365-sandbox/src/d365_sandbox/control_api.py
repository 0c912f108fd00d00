"""The control API below `/_sandbox`: faults, the clerk, the books, the requests. For tests and people, not for D365."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from d365_sandbox import records, seed
from d365_sandbox.cases import CASES
from d365_sandbox.clerk import Clerk
from d365_sandbox.event_sender import resend
from d365_sandbox.fault_store import FaultKeeper
from d365_sandbox.faults import Fault
from d365_sandbox.odata_errors import ODataError
from d365_sandbox.request_log import RequestLog
from d365_sandbox.store import Store
from d365_sandbox.tokens import Tokens

Body = TypeVar("Body", bound=BaseModel)
DEFAULT_LIMIT = 100

DUPLICATES = """
SELECT dataAreaId, WebCaseId, count(*) AS cases FROM CaseDetailBase
WHERE WebCaseId <> '' GROUP BY dataAreaId, WebCaseId HAVING count(*) > 1
"""
EVENTS = """
SELECT id, endpoint, control_number, state, attempts, due_at, error, body FROM outbound_events
WHERE ? = '' OR state = ? ORDER BY id DESC LIMIT ?
"""


class StatusChange(BaseModel):
    """The clerk's move."""

    model_config = ConfigDict(extra="forbid")
    status: str


class Refusal(BaseModel):
    """How long nothing listens."""

    model_config = ConfigDict(extra="forbid")
    seconds: float = Field(gt=0, le=3600)


class ClerkChange(BaseModel):
    """The autopilot's switch."""

    model_config = ConfigDict(extra="forbid")
    auto: bool
    step_seconds: float | None = Field(None, gt=0)


@dataclass(slots=True)
class ControlApi:
    """The handlers; `refuse` closes the listening socket for some seconds."""

    store: Store
    clerk: Clerk
    faults: FaultKeeper
    tokens: Tokens
    log: RequestLog
    customers: int
    ring: Callable[[], None]
    refuse: Callable[[float], Awaitable[None]]
    _refusal: "asyncio.Task[None] | None" = None

    async def health(self, _: web.Request) -> web.Response:
        """200 while the data file can be read."""
        self.store.read("SELECT 1")
        return web.json_response({"status": "ok"})

    async def list_faults(self, _: web.Request) -> web.Response:
        """Every fault with its hits."""
        return web.json_response({"items": self.faults.registry.describe()})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Sets a fault; 201 with it."""
        fault = await read_body(request, Fault)
        await self.faults.add(fault)
        return web.json_response(fault.model_dump(mode="json", exclude_none=True), status=201)

    async def remove_fault(self, request: web.Request) -> web.Response:
        """Ends one fault."""
        removed = await self.faults.remove(request.match_info["id"])
        return web.Response(status=204) if removed else problem(404, f"no fault has the id {request.match_info['id']}")

    async def clear_faults(self, _: web.Request) -> web.Response:
        """Ends every fault."""
        await self.faults.clear()
        return web.Response(status=204)

    async def requests(self, request: web.Request) -> web.Response:
        """The last requests, newest first."""
        return web.json_response({"items": self.log.recent(limit_of(request))})

    async def counters(self, _: web.Request) -> web.Response:
        """Requests by operation and status, and the most at once."""
        return web.json_response(self.log.counters())

    async def reset_counters(self, _: web.Request) -> web.Response:
        """Sets counters and request list back."""
        self.log.reset()
        return web.Response(status=204)

    async def cases(self, request: web.Request) -> web.Response:
        """D365's own books, whole or for one Web Case ID, and the Web Case IDs found twice."""
        wanted = request.query.get("web_case_id")
        condition, parameters = ("WebCaseId = ?", [wanted]) if wanted else ("TRUE", [])
        rows = self.store.read(f"SELECT * FROM CaseDetailBase WHERE {condition} ORDER BY rec_id", parameters)  # noqa: S608
        entity = self.clerk.books.catalogue[CASES]
        duplicates = [dict(row) for row in self.store.read(DUPLICATES)]
        items = [records.to_record(entity, row) for row in rows]
        return web.json_response({"items": items, "duplicates": duplicates})

    async def document_queue(self, _: web.Request) -> web.Response:
        """The entries of D365's own document queue."""
        entity = self.clerk.books.catalogue["DocumentQueueLogs"]
        rows = self.store.read("SELECT * FROM DocumentQueueLog ORDER BY rec_id")
        return web.json_response({"items": [records.to_record(entity, row) for row in rows]})

    async def create_case(self, request: web.Request) -> web.Response:
        """A case born in D365; 201 with it."""
        try:
            row = await self.clerk.create(await read_json(request))
        except ODataError as error:
            return problem(error.status, error.message)
        return web.json_response(records.to_record(self.clerk.books.catalogue[CASES], row), status=201)

    async def move_case(self, request: web.Request) -> web.Response:
        """The clerk sets a status; 200 with the case."""
        change = await read_body(request, StatusChange)
        try:
            row = await self.clerk.move(request.match_info["company"], request.match_info["case_id"], change.status)
        except ODataError as error:
            return problem(error.status, error.message)
        return web.json_response(records.to_record(self.clerk.books.catalogue[CASES], row))

    async def set_clerk(self, request: web.Request) -> web.Response:
        """Switches the autopilot."""
        change = await read_body(request, ClerkChange)
        self.clerk.auto = change.auto
        self.clerk.step_seconds = change.step_seconds or self.clerk.step_seconds
        return web.json_response({"auto": self.clerk.auto, "step_seconds": self.clerk.step_seconds})

    async def events(self, request: web.Request) -> web.Response:
        """The outbound table, newest first; `state=error` is D365's Errors tab."""
        state = request.query.get("state", "")
        rows = self.store.read(EVENTS, (state, state, limit_of(request)))
        return web.json_response({"items": [{**dict(row), "body": json.loads(row["body"])} for row in rows]})

    async def resend_events(self, request: web.Request) -> web.Response:
        """Presses Resend for one event of the Errors list (`id`), or for all."""
        wanted = request.match_info.get("id")
        count = await self.store.submit(lambda connection: resend(connection, int(wanted) if wanted else None))
        self.ring()
        return web.json_response({"resent": count})

    async def revoke_tokens(self, _: web.Request) -> web.Response:
        """Makes every token that was given out invalid."""
        return web.json_response({"revoked": await self.tokens.revoke_all()})

    async def reset(self, _: web.Request) -> web.Response:
        """Empties the books and seeds them anew; number sequences go on, faults are those of the settings."""
        books = self.clerk.books
        await self.store.submit(lambda connection: seed.clear(connection, books))
        await self.store.submit(lambda connection: seed.sow(connection, books, self.customers, time.time()))
        await self.faults.reset()
        self.log.reset()
        return web.Response(status=204)

    async def refuse_connections(self, request: web.Request) -> web.Response:
        """Nothing listens for some seconds: connections are refused, so surely nothing is sent."""
        wanted = await read_body(request, Refusal)
        if self._refusal is None or self._refusal.done():
            self._refusal = asyncio.create_task(_soon(self.refuse, wanted.seconds))
        return web.json_response({"refusing_seconds": wanted.seconds}, status=202)


async def _soon(refuse: Callable[[float], Awaitable[None]], seconds: float) -> None:
    await asyncio.sleep(0.05)  # the answer to this very request goes out first
    await refuse(seconds)


def limit_of(request: web.Request) -> int:
    """The `limit` of a list; raises 400 for what is no number."""
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit():
        raise web.HTTPBadRequest(text=json.dumps({"errors": ["limit: a whole number is needed"]}))
    return int(text)


async def read_json(request: web.Request) -> dict[str, Any]:
    """The JSON object of a control request; raises 400."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise web.HTTPBadRequest(text=json.dumps({"errors": [f"the body is not JSON: {error}"]})) from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text=json.dumps({"errors": ["the body is not a JSON object"]}))
    return body


async def read_body(request: web.Request, model: type[Body]) -> Body:
    """The body as a model; raises 422 that names every wrong field."""
    try:
        return model.model_validate(await read_json(request))
    except ValidationError as error:
        text = json.dumps({"errors": explain(error)})
        raise web.HTTPUnprocessableEntity(text=text, content_type="application/json") from error


def explain(error: ValidationError) -> list[str]:
    """One line a wrong field."""
    return [f"{'.'.join(str(part) for part in item['loc']) or 'body'}: {item['msg']}" for item in error.errors()]


def problem(status: int, message: str) -> web.Response:
    """A refusal of the control API."""
    return web.json_response({"errors": [message]}, status=status)


def add_routes(router: web.UrlDispatcher, api: ControlApi) -> None:
    """Every address of the control API."""
    root = "/_sandbox"
    router.add_get(f"{root}/health", api.health)
    router.add_get(f"{root}/faults", api.list_faults)
    router.add_post(f"{root}/faults", api.add_fault)
    router.add_delete(f"{root}/faults", api.clear_faults)
    router.add_delete(f"{root}/faults/{{id}}", api.remove_fault)
    router.add_get(f"{root}/requests", api.requests)
    router.add_get(f"{root}/counters", api.counters)
    router.add_delete(f"{root}/counters", api.reset_counters)
    router.add_get(f"{root}/cases", api.cases)
    router.add_get(f"{root}/document-queue", api.document_queue)
    router.add_post(f"{root}/cases", api.create_case)
    router.add_post(f"{root}/cases/{{company}}/{{case_id}}/status", api.move_case)
    router.add_post(f"{root}/clerk", api.set_clerk)
    router.add_get(f"{root}/events", api.events)
    router.add_post(f"{root}/events/resend", api.resend_events)
    router.add_post(rf"{root}/events/{{id:\d+}}/resend", api.resend_events)
    router.add_post(f"{root}/tokens/revoke", api.revoke_tokens)
    router.add_post(f"{root}/reset", api.reset)
    router.add_post(f"{root}/refuse", api.refuse_connections)
