"""The clerk's page at `/`: cases, events, faults and requests, with plain HTML forms."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from jinja2 import Environment, PackageLoader, select_autoescape
from pydantic import ValidationError

from d365_sandbox import records
from d365_sandbox.control_api import EVENTS, ControlApi
from d365_sandbox.control_requests import explain
from d365_sandbox.entities import CASES, CATEGORY_TYPES, Kind
from d365_sandbox.event_sender import resend
from d365_sandbox.faults import Fault, FaultKind, Operation, When
from d365_sandbox.odata_errors import ODataError

SHOWN = 50
CASES_SHOWN = "SELECT * FROM CaseDetailBase ORDER BY rec_id DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Page:
    """The handlers of the page; they use the control API."""

    api: ControlApi
    templates: Environment

    async def show(self, _: web.Request) -> web.Response:
        """The page."""
        return self._render()

    async def move(self, request: web.Request) -> web.Response:
        """A status button."""
        form = await _form(request)
        try:
            await self.api.clerk.move(form["company"], form["case_id"], form["status"])
        except ODataError as error:
            return self._render(error.message)
        raise web.HTTPSeeOther("/")

    async def rewrite(self, request: web.Request) -> web.Response:
        """The form that moves a case to another customer, category type or number, cuts a text, or deletes the case.

        Sends the same events as the X++ model: for a new customer, and for a deletion.
        """
        form = await _form(request)
        company, case_id, action = form.pop("company"), form.pop("case_id"), form.pop("action", "")
        try:
            if action == "delete":
                await self.api.clerk.delete(company, case_id, event=True)
            elif action == "cut":
                length = form.get("length", "")
                await self.api.clerk.cut(
                    company, case_id, form.get("field", ""), int(length) if length.isdigit() else 0
                )
            else:
                await self.api.clerk.rewrite(company, case_id, form, event=None)
        except ODataError as error:
            return self._render(error.message)
        raise web.HTTPSeeOther("/")

    async def create(self, request: web.Request) -> web.Response:
        """The form to create a case in D365."""
        try:
            await self.api.clerk.create(await _form(request))
        except ODataError as error:
            return self._render(error.message)
        raise web.HTTPSeeOther("/#cases")

    async def set_up(self, request: web.Request) -> web.Response:
        """The form for the set-up: a JSON object with the differences from the start."""
        try:
            changed = json.loads((await _form(request)).get("changed", "{}"))
            if not isinstance(changed, dict):
                return self._render("The setup must be a JSON object.")
            await self.api.environment.replace(self.api.store, changed)
        except ValidationError as error:
            return self._render("; ".join(explain(error)))
        except ValueError as error:
            return self._render(f"The setup is not valid JSON: {error}")
        raise web.HTTPSeeOther("/#setup")

    async def add_fault(self, request: web.Request) -> web.Response:
        """The form for a fault."""
        try:
            fault = Fault.model_validate(await _form(request))
        except ValidationError as error:
            return self._render("; ".join(explain(error)))
        await self.api.faults.add(fault)
        raise web.HTTPSeeOther("/#faults")

    async def remove_fault(self, request: web.Request) -> web.Response:
        """The button that ends a fault."""
        await self.api.faults.remove((await _form(request)).get("id", ""))
        raise web.HTTPSeeOther("/#faults")

    async def resend(self, request: web.Request) -> web.Response:
        """The Resend button, for one event or all."""
        wanted = (await _form(request)).get("id", "")
        event_id = int(wanted) if wanted.isdigit() else None
        await self.api.store.submit(lambda connection: resend(connection, event_id))
        self.api.wake()
        raise web.HTTPSeeOther("/#events")

    def _render(self, message: str = "") -> web.Response:
        html = self.templates.get_template("page.html").render(message=message, **self._content())
        # A text may contain half a surrogate pair, which cannot be encoded.
        body = html.encode(errors="replace")
        return web.Response(body=body, content_type="text/html", charset="utf-8", status=422 if message else 200)

    def _content(self) -> Mapping[str, Any]:
        api, entity = self.api, self.api.clerk.books.environment.seen_by_staff[CASES]
        events = [dict(row) for row in api.store.read(EVENTS, ("", "", SHOWN))]
        errors = [dict(row) for row in api.store.read(EVENTS, ("error", "error", SHOWN))]
        return {
            "cases": [records.to_record(entity, row) for row in api.store.read(CASES_SHOWN, (SHOWN,))],
            "category_types": CATEGORY_TYPES,
            "texts": [field for field in entity.public if field.kind is Kind.STRING and not field.computed],
            "events": [{**event, "body": json.loads(event["body"])} for event in events],
            "errors": [{**event, "body": json.loads(event["body"])} for event in errors],
            "setup": api.environment.setup.model_dump(mode="json"),
            "changed": json.dumps(api.environment.changed, indent=1),
            "faults": api.faults.registry.describe(),
            "kinds": list(FaultKind),
            "operations": list(Operation),
            "whens": list(When),
            "entity_sets": list(api.clerk.books.catalog),
            "requests": api.log.recent(SHOWN),
            "counters": api.log.counters(),
            "clerk": api.clerk,
        }


async def _form(request: web.Request) -> dict[str, str]:
    """The filled-in fields; empty ones count as not given."""
    return {name: str(value).strip() for name, value in (await request.post()).items() if str(value).strip()}


def add_routes(router: web.UrlDispatcher, api: ControlApi) -> None:
    """The page and its forms."""
    loader = PackageLoader("d365_sandbox")
    page = Page(api, Environment(loader=loader, autoescape=select_autoescape(), trim_blocks=True, lstrip_blocks=True))
    router.add_get("/", page.show)
    router.add_post("/clerk/move", page.move)
    router.add_post("/clerk/rewrite", page.rewrite)
    router.add_post("/clerk/create", page.create)
    router.add_post("/clerk/setup", page.set_up)
    router.add_post("/clerk/faults", page.add_fault)
    router.add_post("/clerk/faults/remove", page.remove_fault)
    router.add_post("/clerk/resend", page.resend)
