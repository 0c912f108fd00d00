"""The ceiling of http.py: bare Starlette that only validates, runs case-api's SQL and answers."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from case_api.postgres.statements import Statement
from case_api.web.schemas import CaseInput
from case_shared.database.postgres import create_pool, load_sql
from case_shared.web.service import collect_garbage_less_often
from case_shared.words.actor import Actor
from case_shared.words.identifiers import new_web_case_id
from tests.support import drafts

GET, CREATE = load_sql(Statement.GET_CASE), load_sql(Statement.CREATE_CASE)
WRITER = Actor("ann", "ann", "bench")
WHO = (drafts.DEALER, drafts.DATA_AREA_ID, drafts.CUSTOMER_ACCOUNT)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the pool as case-api does."""
    app.state.pool = await create_pool(os.environ["DATABASE_URL"], schema="case_api", name="bare", size=12)
    yield
    await app.state.pool.close()


async def get(request: Request) -> Response:
    """Answer with a case's row."""
    path = request.path_params
    row = await request.app.state.pool.fetchrow(GET, path["dealer"], path["web_case_id"])
    return Response(orjson.dumps(dict(row)), 200, media_type="application/json")


async def create(request: Request) -> Response:
    """Add a draft, and answer with its row."""
    content = CaseInput.model_validate_json(await request.body()).content()
    row = await request.app.state.pool.fetchrow(
        CREATE, new_web_case_id(), *WHO, *astuple(content), WRITER, None, None, b"", None
    )
    return Response(orjson.dumps(row["answer"]), 201, media_type="application/json")


async def ready(_request: Request) -> Response:
    """Answer once it serves."""
    return Response()


ROUTES = [
    Route("/readyz", ready),
    Route("/v1/dealers/{dealer}/cases/{web_case_id}", get),
    Route("/v1/dealers/{dealer}/cases", create, methods=["POST"]),
]

if __name__ == "__main__":
    app = Starlette(routes=ROUTES, lifespan=lifespan)
    collect_garbage_less_often()
    uvicorn.run(
        app, port=int(os.environ["PORT"]), loop="uvloop", http="httptools", log_level="warning", access_log=False
    )
