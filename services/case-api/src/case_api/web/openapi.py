"""What OpenAPI cannot see in routes that read their bodies and headers by hand."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from case_api.web.problems import CATALOGUE
from case_api.web.schemas import CaseInput
from case_shared.problems import MEDIA_TYPE, ProblemDocument

_REFERENCE = "#/components/schemas/{model}"
_ALWAYS = (401, 403, 429, 500, 503)


def _header(name: str, description: str, example: str, *, required: bool = False) -> dict[str, Any]:
    schema = {"type": "string", "examples": [example]}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


IF_MATCH = _header("If-Match", "the case's ETag; 412 where it has changed since", '"3"', required=True)
KEY = _header(
    "Idempotency-Key",
    "makes the request safe to repeat: the same answer again, with `Idempotency-Replayed: true`, and no second effect",
    "9f1c2c5e-6f0b-4f0e-8f57-2d9a1b1c7a10",
)
IF_NONE_MATCH = _header("If-None-Match", "the ETag of what you have; 304 where it is the same", 'W/"6f1c"')
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "You have it already (`If-None-Match`)"}}
LAST_EVENT_ID = _header("Last-Event-ID", "the last `id` of a stream before: goes on behind it", "12-0-3.31-28-40")
PREFER = _header("Prefer", "`wait=N`: answer when the outcome is known, after N seconds (30) at most", "wait=10")


def body(model: type[BaseModel], *media_types: str) -> dict[str, Any]:
    """The request body, for a route that reads it by hand."""
    schema = {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}
    return {"requestBody": {"required": True, "content": dict.fromkeys(media_types, schema)}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems that a route may answer with, beside those that each may."""
    return {
        status: {
            "description": "; ".join(kind.title for kind in CATALOGUE.values() if kind.status == status),
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="ProblemDocument")}}},
        }
        for status in sorted({*statuses, *_ALWAYS})
    }


def install_openapi(app: FastAPI) -> None:
    """Complete `app`'s document: bearer tokens, and the models that only this module names."""
    generate = app.openapi

    def complete() -> dict[str, Any]:
        document = generate()
        components = document.setdefault("components", {})
        components.setdefault("schemas", {}).update(_schemas(CaseInput, ProblemDocument))
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
        document["security"] = [{"bearer": []}]
        return document

    app.openapi = complete  # type: ignore[method-assign]


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for model in models:
        schema = model.model_json_schema(ref_template=_REFERENCE)
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found
