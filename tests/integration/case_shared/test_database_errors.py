"""Temporary refusals by PostgreSQL get a 503, and consumers retry them; errors in the data do not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
from fastapi import APIRouter, FastAPI

from case_shared.database.errors import DATA_ERRORS, Reaction, reaction_to, reaction_to_state
from case_shared.web.http import create_app
from tests.support.databases import Database

UNAVAILABLE = "urn:casebridge:problem:unavailable"
# SQLSTATE, and `Retry-After` of the answer; None: 500, because the statement itself is wrong.
STATES = {
    "08006": "5", "08P01": "5", "25006": "5", "28P01": "5", "3D000": "5", "53100": "5", "53200": "5", "53300": "5",
    "57P01": "5", "57P02": "5", "57P03": "5", "58030": "5", "55006": "5",
    "40001": "1", "40P01": "1", "55P03": "1", "57014": "1", "25P03": "1",
    "22001": None, "23505": None, "42P01": None, "42501": None, "54000": None, "XX000": None,
}  # fmt: skip


def app(pool: Any) -> FastAPI:
    router = APIRouter()

    @router.get("/{state}")
    async def fail(state: str) -> None:
        await pool.execute(f"DO $$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = '{state}'; END $$")

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield

    return create_app("test", "test", lifespan, None, [router])


async def test_each_state_is_answered_by_what_it_calls_for(module_database: Database) -> None:
    async with module_database.pool("case_api") as pool:
        transport = httpx2.ASGITransport(app(pool), raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url="http://api") as client:
            answers = {state: await client.get(f"/{state}") for state in STATES}
    retries = {state: one.headers.get("Retry-After") for state, one in answers.items()}
    assert retries == STATES
    for state, answer in answers.items():
        assert answer.status_code == (503 if STATES[state] else 500), state
        assert answer.json()["type"] == UNAVAILABLE or not STATES[state]


def test_consumers_blame_the_data_for_just_what_the_table_says() -> None:
    known = [kind for kind in vars(asyncpg.exceptions).values() if isinstance(kind, type)]
    kinds = [kind for kind in known if issubclass(kind, asyncpg.PostgresError) and kind.sqlstate]
    assert len(kinds) > 100
    for kind in kinds:
        blamed = reaction_to_state(kind.sqlstate) is Reaction.BLAME_DATA
        assert issubclass(kind, DATA_ERRORS) == blamed, kind


def test_a_plan_that_a_migration_made_stale_is_repeated() -> None:
    assert reaction_to(asyncpg.InvalidCachedStatementError("stale")) is Reaction.REPEAT
    assert reaction_to(asyncpg.FeatureNotSupportedError("no")) is Reaction.BLAME_CODE
