"""The front door of D365 and Entra: reads the HTTP request, applies faults, logs, writes the answer."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from d365_sandbox.data_api import DataApi, DataRequest
from d365_sandbox.fault_answers import ConnectionDropped, FaultPerformer
from d365_sandbox.fault_store import FaultKeeper
from d365_sandbox.faults import Call, Operation
from d365_sandbox.odata_errors import Answer
from d365_sandbox.request_log import Entry, RequestLog
from d365_sandbox.tokens import Tokens

ODATA_JSON = "application/json; odata.metadata=minimal; odata.streaming=true; charset=utf-8"
OPERATIONS = {
    "GET": Operation.READ,
    "POST": Operation.CREATE,
    "PATCH": Operation.UPDATE,
    "DELETE": Operation.DELETE,
}


@dataclass(frozen=True, slots=True)
class Front:
    """The handlers of the token endpoint and of `/data`."""

    data: DataApi
    tokens: Tokens
    faults: FaultKeeper
    performer: FaultPerformer
    log: RequestLog
    latency_seconds: float

    async def handle_data(self, request: web.Request) -> web.StreamResponse:
        """Any request below `/data`."""
        body = await request.read()
        wanted = DataRequest(
            request.method, request.rel_url.raw_path, request.rel_url.raw_query_string,
            f"{request.scheme}://{request.host}", request.headers, body,
        )  # fmt: skip
        call = describe(wanted)
        text = body.decode(errors="replace")
        return await self._serve(request, call, text, lambda: self._data_answer(wanted))

    async def _data_answer(self, wanted: DataRequest) -> Answer:
        """D365's answer, no sooner than the fixed latency; a write is durable earlier within it."""
        due = time.perf_counter() + self.latency_seconds
        answer = await self.data.answer(wanted)
        if self.latency_seconds:
            await asyncio.sleep(due - time.perf_counter())
        return answer

    async def handle_token(self, request: web.Request) -> web.StreamResponse:
        """A request for a token."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        shown = {name: value for name, value in form.items() if name in ("grant_type", "client_id", "scope")}
        call = Call(Operation.TOKEN, text=json.dumps(shown).lower())
        return await self._serve(request, call, json.dumps(shown), lambda: self.tokens.issue(form))

    async def _serve(
        self, request: web.Request, call: Call, body: str, perform: Callable[[], Awaitable[Answer]]
    ) -> web.StreamResponse:
        started = time.perf_counter()
        entry = self.log.start(request.method, request.path, request.rel_url.query_string)
        self.log.describe(entry, call.operation, call.entity_set, body)
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


def describe(request: DataRequest) -> Call:
    """The request as faults see it."""
    address = unquote_plus(f"{request.raw_path}?{request.query_string}")
    text = f"{address} {request.body.decode(errors='replace')}".lower()
    entity_set = request.raw_path.removeprefix("/data").strip("/").partition("(")[0].partition("/")[0]
    if entity_set in ("", "$metadata"):
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
    headers = {"OData-Version": "4.0", **answer.headers}
    if answer.body is not None:
        return web.Response(
            status=answer.status, body=json.dumps(answer.body).encode(), headers={**headers, "Content-Type": ODATA_JSON}
        )
    content_type = f"{answer.content_type}; charset=utf-8"
    if answer.text:
        headers["Content-Type"] = content_type
    return web.Response(status=answer.status, body=answer.text.encode(), headers=headers)


def _cut(request: web.Request) -> web.Response:
    if isinstance(request.transport, asyncio.Transport):
        request.transport.abort()
    return web.Response(status=503)
