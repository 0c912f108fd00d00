"""The operators' API as an application."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from case_shared.process.settings import HttpSettings
from case_shared.web.http import create_app
from case_shared.web.openapi import install_openapi
from case_shared.web.problems import install_wording
from case_shared.words.json_object import Json
from d365_sync.web import (
    audit,
    check,
    dealers,
    delivery,
    document_page,
    documents,
    erasures,
    flow,
    records,
    replays,
    restores,
    windows,
)
from d365_sync.web.answers import WORDING
from d365_sync.web.openapi import CONTRACT

DESCRIPTION = "The document queue between the dealer portal and D365, for operators."
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create(lifespan: Lifespan, settings: HttpSettings | None = None) -> FastAPI:
    """The application; `lifespan` puts what its routes need into `app.state`."""
    parts = (
        *(documents, document_page, replays, flow, delivery, check, restores),
        *(windows, dealers, records, audit, erasures),
    )
    routers = [part.router for part in parts]
    app = create_app("Casebridge document queue API", DESCRIPTION, lifespan, settings, routers)
    install_wording(app, WORDING)
    install_openapi(app, CONTRACT)
    return app


def describe() -> Json:
    """The OpenAPI document."""

    @asynccontextmanager
    async def nothing(_app: FastAPI) -> Any:
        yield

    return create(nothing).openapi()
