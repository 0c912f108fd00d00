"""How the control API reads a request, and how it refuses one."""

import json
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

Body = TypeVar("Body", bound=BaseModel)
DEFAULT_LIMIT = 100


def wants_event(request: web.Request) -> bool:
    """`?event=true`: send an event, whatever has changed."""
    return request.query.get("event", "").lower() == "true"


def limit_of(request: web.Request) -> int:
    """The `limit` of a list; raises 400 if it is not a number."""
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit():
        raise web.HTTPBadRequest(text=json.dumps({"errors": ["limit: must be a whole number"]}))
    return int(text)


async def read_json(request: web.Request) -> dict[str, Any]:
    """The JSON object of a control request; raises 400."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise web.HTTPBadRequest(text=json.dumps({"errors": [f"the body is not valid JSON: {error}"]})) from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text=json.dumps({"errors": ["the body must be a JSON object"]}))
    return body


async def read_body(request: web.Request, model: type[Body]) -> Body:
    """The body as a model; raises 422 that names every wrong field."""
    try:
        return model.model_validate(await read_json(request))
    except ValidationError as error:
        text = json.dumps({"errors": explain(error)})
        raise web.HTTPUnprocessableEntity(text=text, content_type="application/json") from error


def explain(error: ValidationError) -> list[str]:
    """One line per wrong field."""
    return [f"{'.'.join(str(part) for part in item['loc']) or 'body'}: {item['msg']}" for item in error.errors()]


def problem(status: int, message: str) -> web.Response:
    """A refusal of the control API."""
    return web.json_response({"errors": [message]}, status=status)
