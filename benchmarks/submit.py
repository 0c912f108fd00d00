"""Submissions per second by the store's one statement, as a ratio to pgbench's plain four-statement transaction."""

import asyncio
import itertools
import re
import shutil
import time
from uuid import uuid4

from benchmarks.measure import Benchmark, Figures, Goal, World
from case_api.app.stores import SubmitRequest
from case_api.postgres.submit_store import PostgresSubmitStore
from case_shared.database.postgres import create_pool
from case_shared.words.actor import Actor
from case_shared.words.category_types import CategoryTypes
from tests.support import drafts

CALLERS = 32
POOL_SIZE = 16
DRAFTS = 40_000
ANY_TYPE = CategoryTypes(allowed=None, hidden=())
# As a mapping that names them all; without them no text is measured.
LENGTHS = """
INSERT INTO case_api.d365_lengths VALUES
    ('description', 1000), ('notes', 1000), ('contact_name', 100), ('contact_email', 80), ('contact_phone', 30)
ON CONFLICT DO NOTHING
"""

PGBENCH_TABLES = """
DROP SCHEMA IF EXISTS bench CASCADE;
CREATE SCHEMA bench;
CREATE TABLE bench.cases (id integer PRIMARY KEY, phase text NOT NULL, version integer NOT NULL, body text NOT NULL);
CREATE TABLE bench.outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, case_id integer, payload text);
INSERT INTO bench.cases SELECT number, 'draft', 1, repeat('x', 300) FROM generate_series(1, 100000) number;
ANALYZE bench.cases;
"""
PGBENCH_TRANSACTION = f"""\\set id random(1, 100000)
BEGIN;
UPDATE bench.cases SET phase = 'submitted', version = version + 1 WHERE id = :id;
INSERT INTO bench.outbox (case_id, payload) VALUES (:id, '{"x" * 600}');
COMMIT;
"""


async def play(world: World) -> Figures:
    """Play one round: ours, then pgbench."""
    ours = await _ours(world)
    reference = await _pgbench(world)
    return {"submissions/s": ours, "pgbench transactions/s": reference, "ratio": ours / reference}


async def _ours(world: World) -> float:
    connection = await world.superuser()
    try:
        prepared = await drafts.insert(connection, DRAFTS)
        await connection.execute(LENGTHS)
        await connection.execute("TRUNCATE case_api.outbox")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    waiting = iter(prepared)
    pool = await create_pool(world.database.url("case_api"), schema="case_api", name="benchmark", size=POOL_SIZE)
    store = PostgresSubmitStore(pool, ANY_TYPE, resend_seconds=60).batched()
    done = itertools.count()
    began = time.perf_counter()

    async def caller() -> None:
        while time.perf_counter() - began < world.seconds:
            answer = await store.submit(request(next(waiting)))
            assert answer is not None
            assert answer.submitted
            next(done)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    elapsed = time.perf_counter() - began
    await pool.close()
    return next(done) / elapsed


def request(web_case_id: str) -> SubmitRequest:
    """Return the submission of a draft at its first version."""
    return SubmitRequest(drafts.DEALER, web_case_id, (1,), uuid4(), Actor("benchmark"), None, validate_only=False)


async def _pgbench(world: World) -> float:
    program = shutil.which("pgbench")
    if program is None:
        raise SystemExit("pgbench is not installed: apt-get install postgresql-contrib, or leave `submit` out")
    script = world.folder / "four-statements.sql"
    script.write_text(PGBENCH_TRANSACTION)
    connection = await world.superuser()
    try:
        await connection.execute(PGBENCH_TABLES)
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
    options = ["-n", "-M", "prepared", "-c", str(CALLERS), "-j", "2", "-T", str(int(world.seconds)), "-f", str(script)]
    process = await asyncio.create_subprocess_exec(
        program, *options, world.database.superuser_url, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    found = re.search(r"tps = ([\d.]+)", output.decode())
    assert found, output.decode()
    return float(found[1])


# A submission is four rows, ten index entries and an event as JSON; pgbench's transaction two rows and two entries.
BENCHMARK = Benchmark("submit", play, (Goal("ratio", at_least=0.85),))
