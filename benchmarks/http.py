"""case-api over HTTP as it runs, as a ratio to bare Starlette with the same SQL, tokens and limits on."""

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from uuid import uuid4

import orjson

from benchmarks.deliver import cpu_seconds
from benchmarks.http_bare import NEVER_REACHED
from benchmarks.measure import Benchmark, Figures, Goal, World
from tests.support import drafts, issuer
from tests.support.processes import Process, free_port, running

CONNECTIONS = 32
CASES = 1_000
WARM_UP_SECONDS = 2
BODY = {
    "category": drafts.CATEGORY,
    "description": drafts.DESCRIPTION,
    "contact": {"name": "Dora Dealer", "email": "dora@example.com"},
}


async def play(world: World) -> Figures:
    """Play one round: GET and POST, ours and the bare handler's in turn."""
    folder = world.folder / f"http-{uuid4().hex[:8]}"
    folder.mkdir()
    connection = await world.superuser()
    web_case_ids = await drafts.insert(connection, CASES)
    await connection.execute("VACUUM ANALYZE case_api.cases")
    await connection.execute("CHECKPOINT")
    await connection.close()
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(issuer.issuer())
        environment = {
            **world.broker.environment(),
            "DATABASE_URL": world.database.url("case_api"),
            "OIDC_ISSUER": provider,
            # Counted as usual, but never reached.
            "RATE_LIMIT_USER_PER_MINUTE": str(NEVER_REACHED),
            "RATE_LIMIT_CLIENT_PER_MINUTE": str(NEVER_REACHED),
            "RATE_LIMIT_DEALER_PER_MINUTE": str(NEVER_REACHED),
        }
        ports = [str(free_port()), str(free_port())]
        servers = [
            await stack.enter_async_context(
                running(
                    module,
                    *arguments,
                    environment={**environment, "PORT": port},
                    url=f"http://127.0.0.1:{port}",
                    log=folder / f"{module}.log",
                )
            )
            for port, (module, *arguments) in zip(
                ports, [("case_api", "serve"), ("benchmarks.http_bare",)], strict=True
            )
        ]
        headers = {"Authorization": f"Bearer {issuer.token(provider, drafts.DEALER)}"}
        path = f"/v1/dealers/{drafts.DEALER}/cases"
        gets = [_request("GET", f"{path}/{web_case_id}", headers) for web_case_id in web_case_ids]
        posts = [_request("POST", path, headers, orjson.dumps(BODY))]
        # Connections, prepared statements and background loops: starting them does not count as a request's cost.
        for server in servers:
            await _load(server, gets, 200, WARM_UP_SECONDS)
        figures: dict[str, float] = {}
        for name, requests, status in (("GET", gets, 200), ("POST", posts, 201)):
            ours, bare = [await _load(server, requests, status, world.seconds) for server in servers]
            figures |= {
                f"{name}/s": ours[0],
                f"bare {name}/s": bare[0],
                f"{name} CPU µs": ours[1],
                f"bare {name} CPU µs": bare[1],
                f"{name} ratio": ours[0] / bare[0],
            }
        return figures


def _request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    given = {"Host": "localhost", **headers}
    if body:
        given |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "", ""]
    return "\r\n".join(lines).encode() + body


async def _load(server: Process, requests: list[bytes], status: int, seconds: float) -> tuple[float, float]:
    """Return requests per second, and microseconds of the server's CPU for each."""
    task = {
        "port": int(server.url.rpartition(":")[2]),
        "connections": CONNECTIONS,
        "seconds": seconds,
        "status": status,
        "requests": [request.decode() for request in requests],
    }
    assert server.running is not None
    began = cpu_seconds(server)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.http_load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate(orjson.dumps(task))
    assert process.returncode == os.EX_OK, server.output()[-4000:]
    counted = orjson.loads(output)
    spent = cpu_seconds(server) - began
    return counted["per_second"], spent / counted["answers"] * 1e6


BENCHMARK = Benchmark("http", play, (Goal("GET ratio", at_least=0.4), Goal("POST ratio", at_least=0.5)))
