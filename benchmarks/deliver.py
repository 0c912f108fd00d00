"""d365-sync's deliveries: documents per second, as a ratio to a bare HTTP client loop against the same D365."""

import asyncio
import operator
import os
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import aiohttp
import asyncpg
import orjson

from benchmarks.measure import Benchmark, Figures, Goal, World
from case_shared.words.identifiers import new_web_case_id
from tests.support import drafts
from tests.support.brokers import Broker
from tests.support.eventually import eventually
from tests.support.processes import Process, free_port, running
from tests.support.sandbox import CLIENT_ID, CLIENT_SECRET, Sandbox, started

DOCUMENTS = 5_000
IN_FLIGHT = 50
LATENCY_SECONDS = "0.1"
# A category that the sandbox has.
CATEGORY = "Warranty"
FILL = """
INSERT INTO d365_sync.documents (
    web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
    submitted_at, read_back_first, published_revision
)
SELECT web_case_id, 1, gen_random_uuid(), $2, $3, $4, $5, 'dora', now(), false, 1
FROM unnest($1::text[]) AS t (web_case_id)
"""
OPEN = """
SELECT EXISTS (
    SELECT FROM d365_sync.documents WHERE state IN ('pending', 'delivering', 'verifying', 'deferred')
)
"""
# From the first stored outcome to the last; the ones stored first do not count.
RATE = """
SELECT count(*) FILTER (WHERE delivered_at > span.first) / extract(epoch FROM span.last - span.first)::float8
FROM d365_sync.documents, (
    SELECT min(delivered_at) AS first, max(delivered_at) AS last FROM d365_sync.documents
) AS span
GROUP BY span.first, span.last
"""


async def play(world: World) -> Figures:
    """Play one round: ours, then the bare loop, against one D365 that gets the cases of both."""
    folder = world.folder / f"deliver-{uuid4().hex[:8]}"
    folder.mkdir()
    async with started(folder, latency_seconds=LATENCY_SECONDS, max_concurrent=str(IN_FLIGHT)) as d365:
        await _fill(world)
        ours, cpu_ours = await _ours(world, d365, folder)
        ceiling, cpu_ceiling = await _bare_loop(d365)
        counted = await d365.control("GET", "/counters")
    assert counted["by_status"]["201"] == 2 * DOCUMENTS, counted
    return {
        "documents/s": ours,
        "bare loop/s": ceiling,
        "CPU ms/document": cpu_ours,
        "bare loop CPU ms": cpu_ceiling,
        "ratio": ours / ceiling,
    }


async def _fill(world: World) -> None:
    connection = await world.superuser()
    await connection.execute("TRUNCATE d365_sync.documents CASCADE")
    await connection.execute("UPDATE d365_sync.delivery_control SET paused = true, d365_url = NULL, refused_url = NULL")
    web_case_ids = [new_web_case_id() for _ in range(DOCUMENTS)]
    who = (drafts.DEALER, drafts.DATA_AREA_ID, drafts.CUSTOMER_ACCOUNT)
    await connection.execute(FILL, web_case_ids, *who, orjson.dumps(_content()).decode())
    await connection.execute("VACUUM ANALYZE d365_sync.documents")
    await connection.execute("CHECKPOINT")
    await connection.close()


def _content() -> dict[str, object]:
    return {
        "category": CATEGORY,
        "category_type": drafts.CATEGORY_TYPE,
        "description": drafts.DESCRIPTION,
        "contact": {"name": "Dora Dealer", "email": "dora@example.com"},
    }


async def _ours(world: World, d365: Sandbox, folder: Path) -> tuple[float, float]:
    port = free_port()
    broker = Broker(world.broker.settings.model_copy(update={"kafka_group_prefix": f"{uuid4().hex[:8]}."}))
    environment = {
        **broker.environment(),
        **d365.environment(),
        "DATABASE_URL": world.database.url("d365_sync"),
        "OIDC_ISSUER": "http://127.0.0.1:1",
        "PORT": str(port),
        "D365_MAX_CONCURRENCY": str(IN_FLIGHT),
    }
    url, log = f"http://127.0.0.1:{port}", folder / "d365-sync.log"
    async with running("d365_sync", "serve", environment=environment, url=url, log=log) as process:
        connection = await world.superuser()
        began = cpu_seconds(process)
        await connection.execute("UPDATE d365_sync.delivery_control SET paused = false")
        await _until_delivered(connection, process)
        cpu = (cpu_seconds(process) - began) / DOCUMENTS * 1000
        detail = await connection.fetchval("SELECT max(detail) FROM d365_sync.documents WHERE state <> 'delivered'")
        assert detail is None, detail
        rate: float = await connection.fetchval(RATE)
        await connection.close()
        await process.stop()
    return rate, cpu


async def _until_delivered(connection: "asyncpg.Connection[asyncpg.Record]", process: Process) -> None:
    try:
        await eventually(lambda: connection.fetchval(OPEN), operator.not_, within_seconds=60, every_seconds=0.25)
    except AssertionError:
        raise AssertionError(f"not delivered within a minute:\n{process.output()[-4000:]}") from None


def cpu_seconds(process: Process) -> float:
    """Return the CPU seconds that the process has used so far."""
    assert process.running is not None
    fields = Path(f"/proc/{process.running.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _bare_loop(d365: Sandbox) -> tuple[float, float]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT)) as session:
        headers = {"Authorization": f"Bearer {await _token(session, d365)}", "Content-Type": "application/json"}
        bodies = iter([_body() for _ in range(DOCUMENTS)])
        began, cpu = time.perf_counter(), time.process_time()
        url = f"{d365.url}/data/DealerPortalCases"
        await asyncio.gather(*(_post_all(session, url, headers, bodies) for _ in range(IN_FLIGHT)))
        return DOCUMENTS / (time.perf_counter() - began), (time.process_time() - cpu) / DOCUMENTS * 1000


def _body() -> bytes:
    case = {
        "dataAreaId": drafts.DATA_AREA_ID,
        "WebCaseId": new_web_case_id(),
        "SubmissionId": str(uuid4()),
        "CustomerAccount": drafts.CUSTOMER_ACCOUNT,
        "CaseCategory": CATEGORY,
        "CategoryType": drafts.CATEGORY_TYPE,
        "Description": drafts.DESCRIPTION,
        "ContactName": "Dora Dealer",
        "ContactEmail": "dora@example.com",
        "CreatedByUser": "dora",
    }
    return orjson.dumps(case)


async def _post_all(session: aiohttp.ClientSession, url: str, headers: dict[str, str], bodies: Iterator[bytes]) -> None:
    for body in bodies:
        async with session.post(url, data=body, headers=headers) as answer:
            assert answer.status == 201
            assert orjson.loads(await answer.read())["CaseId"]


async def _token(session: aiohttp.ClientSession, d365: Sandbox) -> str:
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    async with session.post(f"{d365.url}/oauth2/v2.0/token", data={**form, "scope": f"{d365.url}/.default"}) as answer:
        token: str = orjson.loads(await answer.read())["access_token"]
        return token


BENCHMARK = Benchmark("deliver", play, (Goal("ratio", at_least=0.8),))
