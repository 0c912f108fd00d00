"""The ceiling of http.py: bare Starlette with case-api's tokens, limits and SQL, and nothing else around them."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple

import aiohttp
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from case_api.postgres.statements import Statement
from case_api.web.schemas import CaseInput
from case_shared.database.postgres import create_pool
from case_shared.process.clock import SystemClock
from case_shared.process.settings import OidcSettings
from case_shared.web.auth import TokenVerifier, authenticate
from case_shared.web.limits import RateLimits
from case_shared.web.service import collect_garbage_less_often
from case_shared.words.actor import Actor
from case_shared.words.identifiers import new_web_case_id
from case_shared.words.scopes import Scope
from tests.support import drafts

GET, CREATE = Statement.GET_CASE.text, Statement.CREATE_CASE.text
WRITER = Actor("ann", "ann", "bench")
NEVER_REACHED = 100_000_000
WHO = (drafts.DEALER, drafts.DATA_AREA_ID, drafts.CUSTOMER_ACCOUNT)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the pool as case-api does, and check and count tokens as it does."""
    app.state.pool = await create_pool(os.environ["DATABASE_URL"], schema="case_api", name="bare", size=12)
    app.state.rate_limits = RateLimits(NEVER_REACHED, NEVER_REACHED, NEVER_REACHED)
    async with aiohttp.ClientSession() as session:
        app.state.token_verifier = TokenVerifier(OidcSettings(), session, SystemClock())
        yield
    await app.state.pool.close()


async def get(request: Request) -> Response:
    """Answer with a case's row."""
    await authenticate(request, Scope.CASES_READ)
    path = request.path_params
    row = await request.app.state.pool.fetchrow(GET, path["dealer"], path["web_case_id"])
    return Response(orjson.dumps(dict(row)), 200, media_type="application/json")


async def create(request: Request) -> Response:
    """Add a draft, and answer with its row."""
    await authenticate(request, Scope.CASES_WRITE)
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
