"""The control API below `/_sandbox`: set-up, faults, events, requests. For tests and people; not part of D365."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from d365_sandbox import records, seed
from d365_sandbox.backups import NoBackup, back_up, restore
from d365_sandbox.clerk import Clerk
from d365_sandbox.control_requests import explain, limit_of, problem, read_body, read_json
from d365_sandbox.entra.tokens import Tokens
from d365_sandbox.environment import Environment
from d365_sandbox.event_sender import resend
from d365_sandbox.fault_store import FaultKeeper
from d365_sandbox.faults import Fault
from d365_sandbox.request_log import RequestLog
from d365_sandbox.store import Store

EVENTS = """
SELECT id, endpoint, control_number, state, attempts, due_at, error, body FROM outbound_events
WHERE ? = '' OR state = ? ORDER BY id DESC LIMIT ?
"""


class Refusal(BaseModel):
    """For how many seconds nothing listens."""

    model_config = ConfigDict(extra="forbid")
    seconds: float = Field(gt=0, le=3600)


@dataclass(slots=True)
class ControlApi:
    """The handlers; `refuse` closes the listening socket for some seconds."""

    store: Store
    clerk: Clerk
    faults: FaultKeeper
    tokens: Tokens
    log: RequestLog
    customers: int
    wake: Callable[[], None]
    refuse: Callable[[float], Awaitable[None]]
    _refusal: "asyncio.Task[None] | None" = None

    async def health(self, _: web.Request) -> web.Response:
        """200 while the data file can be read."""
        self.store.read("SELECT 1")
        return web.json_response({"status": "ok"})

    @property
    def environment(self) -> Environment:
        """The environment, whose set-up can be changed here."""
        return self.clerk.books.environment

    async def settings(self, _: web.Request) -> web.Response:
        """The current set-up, and which settings were changed."""
        return web.json_response(self.environment.describe())

    async def change_settings(self, request: web.Request) -> web.Response:
        """PUT sets what is given and resets the rest to the start; PATCH leaves the rest as it is."""
        change = self.environment.replace if request.method == "PUT" else self.environment.update
        try:
            await change(self.store, await read_json(request))
        except ValidationError as error:
            return web.json_response({"errors": explain(error)}, status=422)
        return await self.settings(request)

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
        return web.Response(status=204) if removed else problem(404, f"no fault has the ID {request.match_info['id']}")

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
        """Resets counters and request list."""
        self.log.reset()
        return web.Response(status=204)

    async def document_queue(self, _: web.Request) -> web.Response:
        """The entries of D365's own document queue."""
        entity = self.clerk.books.catalog["DocumentQueueLogs"]
        rows = self.store.read("SELECT * FROM DocumentQueueLog ORDER BY rec_id")
        return web.json_response({"items": [records.to_record(entity, row) for row in rows]})

    async def events(self, request: web.Request) -> web.Response:
        """The outbound table, newest first; `state=error` is D365's Errors tab."""
        state = request.query.get("state", "")
        rows = self.store.read(EVENTS, (state, state, limit_of(request)))
        return web.json_response({"items": [{**dict(row), "body": json.loads(row["body"])} for row in rows]})

    async def resend_events(self, request: web.Request) -> web.Response:
        """Presses Resend for one event of the Errors list (`id`), or for all."""
        wanted = request.match_info.get("id")
        count = await self.store.submit(lambda connection: resend(connection, int(wanted) if wanted else None))
        self.wake()
        return web.json_response({"resent": count})

    async def test_endpoints(self, request: web.Request) -> web.Response:
        """Sets up the endpoints again, so that D365 sends each its test event; 202."""
        books = self.clerk.books
        legal_entity, now = request.query.get("company", self.environment.setup.default_company), self.environment.now()
        await self.store.submit(lambda connection: books.events.emit_test(connection, legal_entity, now))
        return web.Response(status=202)

    async def revoke_tokens(self, _: web.Request) -> web.Response:
        """Invalidates every issued token."""
        return web.json_response({"revoked": await self.tokens.revoke_all()})

    async def reset(self, _: web.Request) -> web.Response:
        """Empties and seeds the books again; number sequences continue, faults and set-up are reset to the start."""
        books = self.clerk.books
        await self.environment.replace(self.store, {})
        await self.store.submit(lambda connection: seed.clear(connection, books))
        await self.store.submit(lambda connection: seed.sow(connection, books, self.customers))
        await self.faults.reset()
        self.log.reset()
        return web.Response(status=204)

    async def back_up(self, _: web.Request) -> web.Response:
        """Backs up the books as they are now, for `restore`."""
        await self.store.submit(lambda connection: back_up(connection, self.clerk.books))
        return web.Response(status=204)

    async def restore(self, _: web.Request) -> web.Response:
        """Restores the books, as a restore of D365's database does; 409 without a backup."""
        try:
            await self.store.submit(lambda connection: restore(connection, self.clerk.books))
        except NoBackup:
            return problem(409, "no backup exists: create one with POST /_sandbox/backup")
        return web.Response(status=204)

    async def refuse_connections(self, request: web.Request) -> web.Response:
        """Stops listening for some seconds: connections are refused, so clients surely send nothing."""
        wanted = await read_body(request, Refusal)
        if self._refusal is None or self._refusal.done():
            self._refusal = asyncio.create_task(_soon(self.refuse, wanted.seconds))
        return web.json_response({"refusing_seconds": wanted.seconds}, status=202)


async def _soon(refuse: Callable[[float], Awaitable[None]], seconds: float) -> None:
    await asyncio.sleep(0.05)  # the answer to this very request goes out first
    await refuse(seconds)


def add_routes(router: web.UrlDispatcher, api: ControlApi) -> None:
    """Every address of the control API."""
    root = "/_sandbox"
    router.add_get(f"{root}/health", api.health)
    router.add_get(f"{root}/settings", api.settings)
    router.add_put(f"{root}/settings", api.change_settings)
    router.add_patch(f"{root}/settings", api.change_settings)
    router.add_get(f"{root}/faults", api.list_faults)
    router.add_post(f"{root}/faults", api.add_fault)
    router.add_delete(f"{root}/faults", api.clear_faults)
    router.add_delete(f"{root}/faults/{{id}}", api.remove_fault)
    router.add_get(f"{root}/requests", api.requests)
    router.add_get(f"{root}/counters", api.counters)
    router.add_delete(f"{root}/counters", api.reset_counters)
    router.add_get(f"{root}/document-queue", api.document_queue)
    router.add_get(f"{root}/events", api.events)
    router.add_post(f"{root}/events/resend", api.resend_events)
    router.add_post(f"{root}/events/test", api.test_endpoints)
    router.add_post(rf"{root}/events/{{id:\d+}}/resend", api.resend_events)
    router.add_post(f"{root}/tokens/revoke", api.revoke_tokens)
    router.add_post(f"{root}/reset", api.reset)
    router.add_post(f"{root}/backup", api.back_up)
    router.add_post(f"{root}/restore", api.restore)
    router.add_post(f"{root}/refuse", api.refuse_connections)
