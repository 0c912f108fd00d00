"""The operators' API as an application."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from case_shared.http import create_app
from case_shared.openapi import install_openapi
from case_shared.settings import HttpSettings
from d365_sync.web import audit, dealers, delivery, document_page, documents, flow, records, replays, windows
from d365_sync.web.answers import install_refusals
from d365_sync.web.openapi import CONTRACT

DESCRIPTION = "The document queue between the dealer portal and D365, for operators."
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create(lifespan: Lifespan, settings: HttpSettings | None = None) -> FastAPI:
    """The application; what its routes work with is put into `app.state` by `lifespan`."""
    parts = (documents, document_page, replays, flow, delivery, windows, dealers, records, audit)
    routers = [part.router for part in parts]
    app = create_app("Casebridge document queue API", DESCRIPTION, lifespan, settings, routers)
    install_refusals(app)
    install_openapi(app, CONTRACT)
    return app


def describe() -> dict[str, Any]:
    """The OpenAPI document."""

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> Any:
        yield

    return create(nothing).openapi()
