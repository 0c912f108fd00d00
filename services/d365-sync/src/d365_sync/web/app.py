"""The operators' API as an application."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from case_shared.http import create_app
from d365_sync.web import delivery, documents, records
from d365_sync.web.answers import install_refusals

DESCRIPTION = "The document queue between the dealer portal and D365, for operators."
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create(lifespan: Lifespan) -> FastAPI:
    """The application; what its routes work with is put into `app.state` by `lifespan`."""
    app = create_app("Casebridge document queue API", DESCRIPTION, lifespan)
    install_refusals(app)
    for routes in (documents, delivery, records):
        app.include_router(routes.router)
    return app


def describe() -> dict[str, Any]:
    """The OpenAPI document."""

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> Any:
        yield

    document = create(nothing).openapi()
    document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    document["security"] = [{"bearer": []}]
    return document
