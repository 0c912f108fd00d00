"""The front door of D365 and Entra: reads the HTTP request, applies faults, logs, writes the answer."""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from d365_sandbox.data_api import DataApi
from d365_sandbox.data_request import DataRequest
from d365_sandbox.entra import discovery
from d365_sandbox.entra.tokens import TokenRequest, Tokens, Version, with_basic
from d365_sandbox.entra_errors import UNKNOWN_TENANT
from d365_sandbox.fault_answers import ConnectionDropped, FaultPerformer
from d365_sandbox.fault_store import FaultKeeper
from d365_sandbox.faults import Call, Operation
from d365_sandbox.odata_errors import Answer
from d365_sandbox.rendering import render
from d365_sandbox.request_log import Entry, RequestLog

CLIENT_REQUEST_ID = "x-ms-client-request-id"
SHOWN_OF_A_FORM = frozenset({"grant_type", "client_id", "scope", "resource", "client_assertion_type"})
OPERATIONS = {
    "GET": Operation.READ,
    "POST": Operation.CREATE,
    "PATCH": Operation.UPDATE,
    "PUT": Operation.UPDATE,
    "DELETE": Operation.DELETE,
}


@dataclass(frozen=True, slots=True)
class Front:
    """The handlers of the token endpoint, of `/data` and of `/metadata`."""

    data: DataApi
    tokens: Tokens
    faults: FaultKeeper
    performer: FaultPerformer
    log: RequestLog
    latency_seconds: float

    async def handle_data(self, request: web.Request) -> web.StreamResponse:
        """Any request below `/data` or `/metadata`."""
        body = await request.read()
        wanted = DataRequest(
            request.method, request.rel_url.raw_path, request.rel_url.raw_query_string,
            origin_of(request), request.headers, body,
        )  # fmt: skip
        call = describe(wanted)
        text = body.decode(errors="replace")
        entry = self._begin(request, call, text)
        entry.client_request_id = request.headers.get(CLIENT_REQUEST_ID, "")
        entry.dyn_aid = str(uuid.uuid4())
        return await self._serve(request, entry, call, lambda: self._data_answer(wanted, entry))

    async def _data_answer(self, wanted: DataRequest, entry: Entry) -> Answer:
        """D365's answer, no sooner than the fixed latency; a write is durable before that."""
        due = time.perf_counter() + self.latency_seconds
        answer = await self.data.answer(wanted)
        if self.latency_seconds:
            await asyncio.sleep(due - time.perf_counter())
        answer.headers |= self._trace(entry)
        return answer

    def _trace(self, entry: Entry) -> dict[str, str]:
        """The IDs that Microsoft's support asks for, and the time by D365's clock."""
        echoed = {CLIENT_REQUEST_ID: entry.client_request_id} if entry.client_request_id else {}
        now = self.data.environment.now()
        return {"ms-dyn-aid": entry.dyn_aid, "Date": formatdate(now, usegmt=True), **echoed}

    async def handle_token(self, request: web.Request) -> web.StreamResponse:
        """A request for a token, at the v1 or the v2 endpoint."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        form = with_basic(form, request.headers.get("Authorization", ""))
        version: Version = "v2" if "/v2.0/" in request.path else "v1"
        wanted = TokenRequest(form, version, request.match_info.get("tenant", ""), origin_of(request))
        shown = json.dumps({name: value for name, value in form.items() if name in SHOWN_OF_A_FORM})
        call = Call(Operation.TOKEN, text=shown.lower())
        return await self._serve(request, self._begin(request, call, shown), call, lambda: self.tokens.issue(wanted))

    async def handle_discovery(self, request: web.Request) -> web.Response:
        """The addresses of a tenant's endpoints; Entra refuses an unknown tenant."""
        tenant, known = request.match_info["tenant"], self.tokens.environment.setup.tenant_id
        if known and tenant.lower() != known.lower():
            return to_response(UNKNOWN_TENANT.answer())
        document = discovery.document(origin_of(request), tenant, is_v2="/v2.0/" in request.path)
        return web.json_response(document)

    def _begin(self, request: web.Request, call: Call, body: str) -> Entry:
        entry = self.log.start(request.method, request.path, request.rel_url.query_string)
        self.log.describe(entry, call.operation, call.entity_set, body)
        return entry

    async def _serve(
        self, request: web.Request, entry: Entry, call: Call, perform: Callable[[], Awaitable[Answer]]
    ) -> web.StreamResponse:
        started = time.perf_counter()
        status, outcome = 0, "stopped"
        try:
            answer = await self._answer(entry, call, perform)
            status, outcome = answer.status, "answered"
            return to_response(answer)
        except ConnectionDropped:
            outcome = "dropped"
            return _cut(request)
        finally:
            self.log.end(entry, status=status, seconds=time.perf_counter() - started, outcome=outcome)

    async def _answer(self, entry: Entry, call: Call, perform: Callable[[], Awaitable[Answer]]) -> Answer:
        plan = self.faults.plan(call, self.log.in_flight)
        entry.faults = plan.applied
        return await self.performer.run(plan, call, perform)


def origin_of(request: web.Request) -> str:
    """`scheme://host`, as the client knows the sandbox."""
    return f"{request.scheme}://{request.host}"


def describe(request: DataRequest) -> Call:
    """The request as faults see it."""
    address = unquote_plus(f"{request.raw_path}?{request.query_string}")
    text = f"{address} {request.body.decode(errors='replace')}".lower()
    entity_set = request.raw_path.removeprefix("/data").strip("/").partition("(")[0].partition("/")[0]
    if entity_set in ("", "$metadata") or not request.raw_path.startswith("/data"):
        return Call(Operation.METADATA, "", text)
    return Call(OPERATIONS.get(request.method, Operation.READ), entity_set, text, _fields(request.body))


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body) if body else {}
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def to_response(answer: Answer) -> web.Response:
    """The answer as HTTP."""
    headers, body = render(answer)
    return web.Response(status=answer.status, body=body, headers=headers)


def _cut(request: web.Request) -> web.Response:
    if isinstance(request.transport, asyncio.Transport):
        request.transport.abort()
    return web.Response(status=503)
