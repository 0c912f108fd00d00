"""The D365 sandbox as a process, and a client of its control API."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.processes import Process, free_port, running

CLIENT_ID = "casebridge"
CLIENT_SECRET = "sandbox-secret"


@dataclass(frozen=True)
class Sandbox:
    """D365 as a test sees it: its address, its clerk and its faults."""

    url: str
    process: Process
    session: aiohttp.ClientSession
    data_file: Path

    def environment(self) -> dict[str, str]:
        """A service's settings to reach it."""
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
        """Every case in D365."""
        answer = await self.control("GET", "/cases")
        cases: list[dict[str, Any]] = answer["items"]
        return cases

    async def fault(self, **fault: Any) -> None:
        """Add a fault."""
        await self.control("POST", "/faults", fault)

    async def set_up(self, **settings: Any) -> None:
        """Change D365's setup as an administrator; settings not given return to the initial ones."""
        await self.control("PUT", "/settings", settings)

    async def move(self, data_area_id: str, case_id: str, status: str) -> None:
        """Let the clerk change a case's status."""
        await self.control("POST", f"/cases/{data_area_id}/{case_id}/status", {"status": status})

    def fill(self, cases: int) -> None:
        """Put this many copies of a case into D365, each with its own numbers; bypasses its rules, for speed."""
        with closing(sqlite3.connect(self.data_file)) as books, books:
            books.row_factory = sqlite3.Row
            template = dict(books.execute("SELECT * FROM CaseDetailBase LIMIT 1").fetchone())
            del template["rec_id"], template["CaseRecId"]
            names = ", ".join(template)
            rows = (
                template | {"CaseId": f"FILL-{number:06}", "WebCaseId": f"WFILL{number:05}"} for number in range(cases)
            )
            places = ", ".join(f":{name}" for name in template)
            books.executemany(f"INSERT INTO CaseDetailBase ({names}) VALUES ({places})", rows)

    async def change(self, data_area_id: str, case_id: str, *, event: bool = False, **fields: str) -> None:
        """Let the clerk change any field of a case, including keys; `event`: D365 sends an event."""
        await self.control("PATCH", f"/cases/{data_area_id}/{case_id}{'?event=true' if event else ''}", fields)

    async def delete(self, data_area_id: str, case_id: str, *, event: bool = False) -> None:
        """Let the clerk delete a case; `event`: D365 sends an event."""
        await self.control("DELETE", f"/cases/{data_area_id}/{case_id}{'?event=true' if event else ''}")

    async def back_up(self) -> None:
        """Back up D365's current cases."""
        await self.control("POST", "/backup")

    async def restore(self) -> None:
        """Restore D365's cases from the backup; numbers are reused."""
        await self.control("POST", "/restore")

    async def reset(self) -> None:
        """Forget every case, fault and request."""
        await self.control("POST", "/reset")


@asynccontextmanager
async def started(folder: Path, **settings: str) -> AsyncIterator[Sandbox]:
    """Run a sandbox; `settings` are its environment variables without the prefix, in lower case.

    With a `tls_certificate` clients must trust it: the session of this sandbox does not.
    """
    port = free_port()
    environment = {
        "SANDBOX_PORT": str(port),
        "SANDBOX_DATA_FILE": str(folder / f"sandbox-{port}.db"),
        "SANDBOX_CLIENT_ID": CLIENT_ID,
        "SANDBOX_CLIENT_SECRET": CLIENT_SECRET,
        **{f"SANDBOX_{name.upper()}": value for name, value in settings.items()},
    }
    url = f"{'https' if 'tls_certificate' in settings else 'http'}://127.0.0.1:{port}"
    log = folder / f"sandbox-{port}.log"
    async with (
        running(
            "d365_sandbox", "serve", environment=environment, url=url, log=log, ready="/_sandbox/health"
        ) as process,
        aiohttp.ClientSession() as session,
    ):
        yield Sandbox(url, process, session, Path(environment["SANDBOX_DATA_FILE"]))
