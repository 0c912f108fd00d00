"""The operators' API as an application."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from case_shared.http import create_app
from case_shared.problems import ProblemDocument
from d365_sync.web import delivery, documents, records, replays
from d365_sync.web.answers import install_refusals

DESCRIPTION = "The document queue between the dealer portal and D365, for operators."
_REFERENCE = "#/components/schemas/{model}"
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create(lifespan: Lifespan) -> FastAPI:
    """The application; what its routes work with is put into `app.state` by `lifespan`."""
    app = create_app("Casebridge document queue API", DESCRIPTION, lifespan)
    install_refusals(app)
    for routes in (documents, replays, delivery, records):
        app.include_router(routes.router)
    return app


def describe() -> dict[str, Any]:
    """The OpenAPI document."""

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> Any:
        yield

    document = create(nothing).openapi()
    document["components"]["schemas"] |= models_json_schema(
        [(ProblemDocument, "serialization")], ref_template=_REFERENCE
    )[1]["$defs"]
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    document["security"] = [{"bearer": []}]
    return document
