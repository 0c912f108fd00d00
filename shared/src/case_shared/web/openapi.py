"""What an OpenAPI document says besides what FastAPI sees: problems by type, headers, examples, links, scopes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from case_shared.web.problems import MEDIA_TYPE, Kind, ProblemDocument
from case_shared.words.json_object import Json

REFERENCE = "#/components/schemas/{model}"
# Every operation behind a token may answer with these.
ALWAYS = (
    "unauthorized",
    "forbidden",
    "request-timeout",
    "too-large",
    "too-many-requests",
    "headers-too-large",
    "internal-error",
    "unavailable",
)
_SEEN_BY_FASTAPI_ALONE = ("HTTPValidationError", "ValidationError")
HEADERS: Mapping[str, Json] = {
    "ETag": {
        "description": "The version: of a case or document for If-Match, otherwise a weak one for If-None-Match.",
        "schema": {"type": "string", "pattern": '^(W/)?"[^"]*"$', "examples": ['"3"']},
    },
    "Location": {
        "description": "The address of the resource.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {
        "description": "The number of seconds to wait before repeating the request.",
        "schema": {"type": "string", "pattern": "^[0-9]+$", "examples": ["5"]},
    },
    "RateLimit": {
        "description": "The limit that refused the request, what is left of it (`r`), and the seconds to wait (`t`).",
        "schema": {"type": "string", "examples": ['"user";r=0;t=5']},
    },
    "RateLimit-Policy": {
        "description": "The limit's name, its requests (`q`), and for how many seconds they are (`w`).",
        "schema": {"type": "string", "examples": ['"user";q=600;w=60']},
    },
    "Preference-Applied": {
        "description": "The maximum wait that was applied.",
        "schema": {"type": "string", "examples": ["wait=10"]},
    },
    "Idempotency-Replayed": {
        "description": "`true` if this is the answer to an earlier request with this Idempotency-Key.",
        "schema": {"type": "string"},
    },
    "Content-Disposition": {
        "description": "The name under which to save the file.",
        "schema": {"type": "string", "examples": ['attachment; filename="cases-usmf-us-001-2026-11-24.csv"']},
    },
    "Vary": {
        "description": "The request headers on which the answer depends; a cache must compare them.",
        "schema": {"type": "string", "examples": ["Accept-Language"]},
    },
    "WWW-Authenticate": {
        "description": "What is wrong with the token, or which scope it lacks (RFC 6750).",
        "schema": {"type": "string"},
    },
}
# Served next to the document (`case_shared.web.docs`). FastAPI's own setting takes no relative address.
_EVENTS = {"url": "asyncapi.json", "description": "The events on Kafka (AsyncAPI)"}
_GROWS = "Ignore fields that you do not know: later versions add some."
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token from your identity provider. See docs/identity-providers.md.",
}
_OF_A_STATUS = {
    401: ["WWW-Authenticate"],
    403: ["WWW-Authenticate"],
    412: ["ETag"],
    429: ["Retry-After", "RateLimit", "RateLimit-Policy"],
}


@dataclass(frozen=True)
class Contract:
    """What one service's document says besides what FastAPI sees of its routes.

    `examples` are keyed by the model's name, or like `headers` and `links` by operation and status.
    """

    catalog: Mapping[str, Kind]
    tags: Mapping[str, str]
    models: Sequence[type[BaseModel]] = ()
    examples: Mapping[str | tuple[str, str], Any] = field(default_factory=dict)
    headers: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    links: Mapping[tuple[str, str], Json] = field(default_factory=dict)
    security_schemes: Mapping[str, Json] = field(default_factory=lambda: {"bearer": _BEARER})


def problem_responses(catalog: Mapping[str, Kind], types: Sequence[str | int]) -> dict[int | str, Json]:
    """Return the responses for `types`, which are slugs of the catalog or statuses (all types of that status)."""
    chosen = [slug for slug, kind in catalog.items() if slug in types or kind.status in types]
    statuses = sorted({catalog[slug].status for slug in chosen})
    return {
        status: _response(status, {slug: catalog[slug] for slug in chosen if catalog[slug].status == status})
        for status in statuses
    }


def _response(status: int, kinds: Mapping[str, Kind]) -> Json:
    types = [f"urn:casebridge:problem:{slug}" for slug in kinds]
    schema = {"allOf": [{"$ref": REFERENCE.format(model="ProblemDocument")}, {"properties": {"type": {"enum": types}}}]}
    examples = {
        slug: {"value": {"type": f"urn:casebridge:problem:{slug}", "title": kind.title, "status": status}}
        for slug, kind in kinds.items()
    }
    response: Json = {
        "description": "; ".join(f"`{slug}`: {kind.title}" for slug, kind in kinds.items()),
        "content": {MEDIA_TYPE: {"schema": schema, "examples": examples}},
    }
    names = [*_OF_A_STATUS.get(status, []), *(["Retry-After"] if any(kind.retry for kind in kinds.values()) else [])]
    return {**response, "headers": header_references(names)} if names else response


def header_references(names: Sequence[str]) -> Json:
    """Return a response's headers as references to the document's components."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in dict.fromkeys(names)}


def install_openapi(app: FastAPI, contract: Contract) -> None:
    """Complete `app`'s document with `contract`."""
    generate = app.openapi
    made: list[Json] = []

    def complete() -> Json:
        if not made:
            made.append(_completed(generate(), contract, _scopes(app)))
        return made[0]

    app.openapi = complete  # type: ignore[method-assign]


def _completed(document: Json, contract: Contract, scopes: Mapping[tuple[str, str], str]) -> Json:
    _components(document, contract)
    shared = document["components"].setdefault("responses", {})
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _operation(operation, contract, shared)
            if scope := scopes.get((method.upper(), path)):
                operation["security"] = [{"bearer": [scope]}]
    used = {name for name in HEADERS if f"#/components/headers/{name}" in str(document)}
    document["components"]["headers"] = {name: HEADERS[name] for name in HEADERS if name in used}
    document["info"]["description"] = f"{document['info'].get('description', '')} {_GROWS}".lstrip()
    document["tags"] = [{"name": name, "description": text} for name, text in contract.tags.items()]
    document["externalDocs"] = dict(_EVENTS)
    return document


def _components(document: Json, contract: Contract) -> None:
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _SEEN_BY_FASTAPI_ALONE:
        schemas.pop(name, None)
    more = [(model, "validation") for model in contract.models]
    _, made = models_json_schema([*more, (ProblemDocument, "serialization")], ref_template=REFERENCE)  # type: ignore[list-item]
    schemas |= made["$defs"]
    components["securitySchemes"] = dict(contract.security_schemes)


def _operation(operation: Json, contract: Contract, shared: Json) -> None:
    name, responses = operation["operationId"], operation["responses"]
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]  # FastAPI's own, which we never answer
    for status, response in responses.items():
        if headers := contract.headers.get((name, status)):
            response["headers"] = {**response.get("headers", {}), **header_references(headers)}
        if links := contract.links.get((name, status)):
            response["links"] = links
        _illustrate(response.get("content", {}), contract, (name, status))
        if MEDIA_TYPE in response.get("content", {}):
            responses[status] = _share(response, shared)
    _illustrate(operation.get("requestBody", {}).get("content", {}), contract)


def _illustrate(content: Json, contract: Contract, answer: tuple[str, str] | None = None) -> None:
    for media in content.values():
        model = media.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if answer in contract.examples or model in contract.examples:
            media["example"] = contract.examples[answer if answer and answer in contract.examples else model]


def _share(response: Json, shared: Json) -> Json:
    """Move a refusal into the document's components, and return a reference to it."""
    name = "-or-".join(response["content"][MEDIA_TYPE]["examples"])
    shared[name] = response
    return {"$ref": f"#/components/responses/{name}"}


def _scopes(app: FastAPI) -> dict[tuple[str, str], str]:
    """Return the scope that each operation needs, by method and path; the dependency that demands it says so."""
    found: dict[tuple[str, str], str] = {}
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        calls = [dependency.call for dependency in dependant.dependencies] if dependant else []
        for scope in (getattr(call, "scope", None) for call in calls):
            if isinstance(scope, str):
                found |= {(method, str(route.path)): scope for method in route.methods or ()}
    return found


def link(operation: str, description: str, parameters: Mapping[str, str]) -> Json:
    """Make a link to an operation; `parameters` are runtime expressions, by names such as `header.If-Match`."""
    return {"operationId": operation, "description": description, "parameters": dict(parameters)}


def header(name: str, description: str, example: str, pattern: str | None = None, *, required: bool = False) -> Json:
    """Make the parameter of a request header that a route reads itself; FastAPI would answer 422 if it is missing."""
    schema = {"type": "string", "examples": [example], **({"pattern": pattern} if pattern else {})}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}
