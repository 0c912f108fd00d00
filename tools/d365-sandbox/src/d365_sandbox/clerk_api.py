"""The clerk's side of the control API: D365's own books, and what only its staff can do to cases."""

import json
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from d365_sandbox import records
from d365_sandbox.clerk import Clerk
from d365_sandbox.control_requests import problem, read_body, read_json, wants_event
from d365_sandbox.entities import CASES
from d365_sandbox.odata_errors import ODataError
from d365_sandbox.store import Store

Result = TypeVar("Result")

DUPLICATES = """
SELECT dataAreaId, WebCaseId, count(*) AS cases FROM CaseDetailBase
WHERE WebCaseId <> '' GROUP BY dataAreaId, WebCaseId HAVING count(*) > 1
"""


class StatusChange(BaseModel):
    """The clerk's move."""

    model_config = ConfigDict(extra="forbid")
    status: str


class Cut(BaseModel):
    """Shortening of a text, as by an import or a shorter field."""

    model_config = ConfigDict(extra="forbid")
    field: str
    length: int = Field(ge=0)


class ClerkChange(BaseModel):
    """The autopilot's switch."""

    model_config = ConfigDict(extra="forbid")
    auto: bool
    step_seconds: float | None = Field(None, gt=0)


@dataclass(frozen=True, slots=True)
class ClerkApi:
    """The handlers."""

    store: Store
    clerk: Clerk

    async def cases(self, request: web.Request) -> web.Response:
        """D365's own books, whole or for one Web Case ID, and the Web Case IDs found twice."""
        wanted = request.query.get("web_case_id")
        condition, parameters = ("WebCaseId = ?", [wanted]) if wanted else ("TRUE", [])
        rows = self.store.read(f"SELECT * FROM CaseDetailBase WHERE {condition} ORDER BY rec_id", parameters)  # noqa: S608
        entity = self.clerk.books.environment.seen_by_staff[CASES]
        duplicates = [dict(row) for row in self.store.read(DUPLICATES)]
        items = [records.to_record(entity, row) for row in rows]
        return web.json_response({"items": items, "duplicates": duplicates})

    async def create_case(self, request: web.Request) -> web.Response:
        """Creates a case in D365; 201 with it."""
        try:
            row = await self.clerk.create(await read_json(request))
        except ODataError as error:
            return problem(error.status, error.message)
        return web.json_response(records.to_record(self.clerk.books.environment.seen_by_staff[CASES], row), status=201)

    async def move_case(self, request: web.Request) -> web.Response:
        """The clerk sets a status; 200 with the case."""
        change = await read_body(request, StatusChange)
        try:
            row = await self.clerk.move(request.match_info["company"], request.match_info["case_id"], change.status)
        except ODataError as error:
            return problem(error.status, error.message)
        return web.json_response(records.to_record(self.clerk.books.environment.seen_by_staff[CASES], row))

    async def rewrite_case(self, request: web.Request) -> web.Response:
        """The clerk changes any field, including key fields; `?event=true` sends an event; 200 with the case."""
        row = await self._done(
            self.clerk.rewrite(
                request.match_info["company"],
                request.match_info["case_id"],
                await read_json(request),
                event=wants_event(request),
            )
        )
        return web.json_response(records.to_record(self.clerk.books.environment.seen_by_staff[CASES], row))

    async def delete_case(self, request: web.Request) -> web.Response:
        """The clerk deletes a case; `?event=true` sends an event; 204."""
        company, case_id = request.match_info["company"], request.match_info["case_id"]
        await self._done(self.clerk.delete(company, case_id, event=wants_event(request)))
        return web.Response(status=204)

    async def cut_case(self, request: web.Request) -> web.Response:
        """The clerk shortens a text to `length` UTF-16 units; `?event=true` sends an event; 200 with the case."""
        cut = await read_body(request, Cut)
        company, case_id = request.match_info["company"], request.match_info["case_id"]
        row = await self._done(self.clerk.cut(company, case_id, cut.field, cut.length, event=wants_event(request)))
        return web.json_response(records.to_record(self.clerk.books.environment.seen_by_staff[CASES], row))

    async def _done(self, work: Awaitable[Result]) -> Result:
        try:
            return await work
        except ODataError as error:
            text = json.dumps({"errors": [error.message]})
            kind = web.HTTPNotFound if error.status == 404 else web.HTTPUnprocessableEntity
            raise kind(text=text, content_type="application/json") from error

    async def set_clerk(self, request: web.Request) -> web.Response:
        """Switches the autopilot."""
        change = await read_body(request, ClerkChange)
        self.clerk.auto = change.auto
        self.clerk.step_seconds = change.step_seconds or self.clerk.step_seconds
        return web.json_response({"auto": self.clerk.auto, "step_seconds": self.clerk.step_seconds})


def add_routes(router: web.UrlDispatcher, api: ClerkApi) -> None:
    """Every address of the clerk."""
    root = "/_sandbox"
    router.add_get(f"{root}/cases", api.cases)
    router.add_post(f"{root}/cases", api.create_case)
    router.add_post(f"{root}/cases/{{company}}/{{case_id}}/status", api.move_case)
    router.add_post(f"{root}/cases/{{company}}/{{case_id}}/cut", api.cut_case)
    router.add_patch(f"{root}/cases/{{company}}/{{case_id}}", api.rewrite_case)
    router.add_delete(f"{root}/cases/{{company}}/{{case_id}}", api.delete_case)
    router.add_post(f"{root}/clerk", api.set_clerk)
