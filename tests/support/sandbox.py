"""The D365 sandbox as a process, and a client of its control API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.processes import Process, free_port, running

CLIENT_ID = "casebridge"
CLIENT_SECRET = "sandbox-secret"


@dataclass(frozen=True)
class Sandbox:
    """D365, as a test sees it: its address, and what its clerk and its faults can do."""

    url: str
    process: Process
    session: aiohttp.ClientSession

    def environment(self) -> dict[str, str]:
        """What a service must know to reach it."""
        return {
            "D365_URL": self.url,
            "D365_TOKEN_URL": f"{self.url}/oauth2/v2.0/token",
            "D365_CLIENT_ID": CLIENT_ID,
            "D365_CLIENT_SECRET": CLIENT_SECRET,
        }

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call `/_sandbox{path}`; returns the answer's JSON, or None."""
        async with self.session.request(method, f"{self.url}/_sandbox{path}", json=body) as response:
            text = await response.text()
            assert response.status < 300, f"{method} {path}: {response.status} {text}"
            return await response.json() if "json" in response.content_type else None

    async def cases(self) -> list[dict[str, Any]]:
        """D365's own books: every case."""
        answer = await self.control("GET", "/cases")
        cases: list[dict[str, Any]] = answer["items"]
        return cases

    async def fault(self, **fault: Any) -> None:
        """Add a fault."""
        await self.control("POST", "/faults", fault)

    async def move(self, data_area_id: str, case_id: str, status: str) -> None:
        """Let the clerk change a case's status."""
        await self.control("POST", f"/cases/{data_area_id}/{case_id}/status", {"status": status})

    async def reset(self) -> None:
        """Forget every case, fault and request."""
        await self.control("POST", "/reset")


@asynccontextmanager
async def started(folder: Path, **settings: str) -> AsyncIterator[Sandbox]:
    """Run a sandbox; `settings` are its environment variables without the prefix, in lower case."""
    port = free_port()
    environment = {
        "SANDBOX_PORT": str(port),
        "SANDBOX_DATA_FILE": str(folder / f"sandbox-{port}.db"),
        "SANDBOX_CLIENT_ID": CLIENT_ID,
        "SANDBOX_CLIENT_SECRET": CLIENT_SECRET,
        **{f"SANDBOX_{name.upper()}": value for name, value in settings.items()},
    }
    url = f"http://127.0.0.1:{port}"
    log = folder / f"sandbox-{port}.log"
    async with (
        running(
            "d365_sandbox", "serve", environment=environment, url=url, log=log, ready="/_sandbox/health"
        ) as process,
        aiohttp.ClientSession() as session,
    ):
        yield Sandbox(url, process, session)
