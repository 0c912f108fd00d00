"""Checks answers against an OpenAPI document."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from case_shared.web.http import ANSWERED_HEADERS

Json = dict[str, Any]
Hooks = dict[str, list[Callable[[httpx2.Response], Awaitable[None]]]]


def resolve(document: Json, thing: Json) -> Json:
    """The target of `thing` if it is a reference within the document, otherwise `thing`."""
    while "$ref" in thing:
        found: Any = document
        for part in thing["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        thing = found
    return thing


def validator(document: Json, schema: Json) -> Draft202012Validator:
    """A validator for values of a schema of the document. Its models are closed: what we answer now is all in it."""
    models = document.get("components", {}).get("schemas", {})
    closed = {
        name: {"additionalProperties": False, **model} if "properties" in model else model
        for name, model in models.items()
    }
    whole = {**document, "components": {**document.get("components", {}), "schemas": closed}}
    registry = Registry().with_resource("urn:api", Resource.from_contents(whole, DRAFT202012))
    absolute = _absolute(schema)
    return Draft202012Validator(absolute, registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER)


def _absolute(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: f"urn:api{value}" if key == "$ref" else _absolute(value) for key, value in schema.items()}
    return [_absolute(entry) for entry in schema] if isinstance(schema, list) else schema


def operation_of(document: Json, method: str, path: str) -> Json | None:
    """The operation that answers; paths without parameters win."""
    for template in sorted(document["paths"], key=lambda one: one.count("{")):
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path):
            operation: Json | None = document["paths"][template].get(method.lower())
            return operation
    return None


def assert_conforms(document: Json, method: str, path: str, status: int, headers: httpx2.Headers, body: bytes) -> None:
    """Raise AssertionError if the document does not promise such an answer."""
    operation = operation_of(document, method, path)
    if operation is None:
        return
    responses = {code: resolve(document, response) for code, response in operation["responses"].items()}
    name = f"{method} {path} → {status}"
    assert str(status) in responses, f"{name} is not documented: {body[:500]!r}"
    response = responses[str(status)]
    unknown = {one for one in ANSWERED_HEADERS if one in headers} - set(response.get("headers", {}))
    assert not unknown, f"{name} has headers that are not documented: {unknown}"
    assert ("Accept-Language" in headers.get("vary", "")) == ("Vary" in response.get("headers", {})), f"{name}: Vary"
    for header, described in response.get("headers", {}).items():
        if header in headers:
            validator(document, resolve(document, described)["schema"]).validate(headers[header])
    media_type = headers.get("content-type", "").partition(";")[0]
    content = response.get("content", {})
    assert bool(content) == bool(body), f"{name} has {body[:200]!r}"
    if content:
        assert media_type in content, f"{name} is {media_type}"
        if media_type.endswith("json"):
            value = httpx2.Response(200, content=body).json()
            validator(document, content[media_type].get("schema", {})).validate(value)


def checking(document: Json) -> Hooks:
    """Event hooks of an httpx2 client that check each answer against the document."""

    async def check(response: httpx2.Response) -> None:
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return
        body = await response.aread()
        path = response.request.url.raw_path.decode().partition("?")[0]
        assert_conforms(document, response.request.method, path, response.status_code, response.headers, body)

    return {"response": [check]}
