"""The whole stack as a user starts it, and clients of its REST APIs."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from case_shared.words.scopes import Scope
from casebridge.state import ProcessRecord, ProcessState, get_running
from casebridge.tokens import describe, mint
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE

DEALER_SCOPES = f"{Scope.CASES_READ} {Scope.CASES_WRITE} {Scope.CASES_SUBMIT}"
OPERATOR_SCOPES = f"{Scope.DOCUMENTS_READ} {Scope.DOCUMENTS_WRITE} {Scope.AUDIT_READ}"
UP_SECONDS = 120 * PATIENCE
STOP_SECONDS = 20 * PATIENCE


@dataclass
class Stack:
    """A running `casebridge up`."""

    process: asyncio.subprocess.Process
    data_dir: Path
    urls: Mapping[str, str]
    database_url: str
    kafka: str
    pids: Mapping[str, int]
    _tokens: dict[tuple[str, ...], str] = field(default_factory=dict)

    def command(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `casebridge arguments` against this stack."""
        return casebridge(*arguments, "--data-dir", str(self.data_dir), check=check)

    def token(self, user: str, scopes: str, *dealers: str) -> str:
        """A development token, valid for an hour; cached for the same arguments."""
        wanted = (user, scopes, *dealers)
        if wanted not in self._tokens:
            self._tokens[wanted] = mint(self.data_dir, describe(user, dealers), scopes, minutes=60)
        return self._tokens[wanted]

    def processes(self) -> dict[str, ProcessRecord]:
        """Its current processes, by name."""
        return {process.name: process for process in get_running(self.data_dir).processes}

    async def kill(self, name: str) -> None:
        """Kill -9 one part, and wait until its successor has another process ID."""
        before = self.processes()[name].pid
        assert before is not None
        os.kill(before, signal.SIGKILL)

        async def replaced() -> bool:
            now = self.processes()[name]
            return now.pid not in {None, before} and now.state is ProcessState.RUNNING

        await eventually(replaced, within_seconds=30)

    @asynccontextmanager
    async def dealer(self, dealer: str) -> AsyncIterator["DealerClient"]:
        """A dealer at case-api."""
        token = self.token("dora", DEALER_SCOPES, dealer)
        async with _client(self.urls["case-api"], token) as client:
            yield DealerClient(client, dealer)

    @asynccontextmanager
    async def operator(self) -> AsyncIterator[httpx2.AsyncClient]:
        """An operator at d365-sync."""
        async with _client(self.urls["d365-sync"], self.token("oscar", OPERATOR_SCOPES)) as client:
            yield client

    @asynccontextmanager
    async def clerk(self) -> AsyncIterator["Clerk"]:
        """D365's clerk, at the sandbox."""
        async with httpx2.AsyncClient(base_url=self.urls["sandbox"], timeout=10 * PATIENCE) as client:
            yield Clerk(client)


def casebridge(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the command line; shows its output if it fails."""
    run = subprocess.run(
        [sys.executable, "-m", "casebridge", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=UP_SECONDS,
    )
    assert run.returncode == 0 or not check, f"casebridge {arguments}: {run.returncode}\n{run.stdout}\n{run.stderr}"
    return run


def _client(url: str, token: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=20 * PATIENCE)


@dataclass(frozen=True)
class DealerClient:
    """A portal on behalf of one dealer; repeats a request that a dying service cut off, as portals do."""

    http: httpx2.AsyncClient
    dealer: str
    categories: list[dict[str, Any]] = field(default_factory=list)

    async def call(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """Call `/v1/dealers/{dealer}{path}`; repeats it until it gets an answer other than 503."""

        async def attempt() -> httpx2.Response | None:
            try:
                answer = await self.http.request(method, f"/v1/dealers/{self.dealer}{path}", **request)
            except httpx2.TransportError:
                return None
            return None if answer.status_code == 503 else answer

        answer = await eventually(attempt, lambda got: got is not None, within_seconds=30, every_seconds=0.1)
        assert answer is not None
        return answer

    async def category(self) -> dict[str, Any]:
        """A category that dealers may use, with a name that only one type has."""
        if not self.categories:
            listed = await self.call("GET", "/categories")
            assert listed.status_code == 200, listed.text
            self.categories.extend(listed.json()["items"])
        names = [one["category"] for one in self.categories]
        return next(one for one in self.categories if names.count(one["category"]) == 1)

    async def submitted(self, key: str, **content: Any) -> dict[str, Any]:
        """Draft and submit a case; safe to repeat, because `key` is the draft's Idempotency-Key."""
        category = (await self.category())["category"]
        headers = {"Idempotency-Key": key}
        draft = await self.call("POST", "/cases", json={"category": category, **content}, headers=headers)
        assert draft.status_code == 201, draft.text
        web_case_id = draft.json()["web_case_id"]
        headers = {"If-Match": draft.headers["etag"]}
        submission = await self.call("POST", f"/cases/{web_case_id}/submission", headers=headers)
        assert submission.status_code == 202, submission.text
        return {**submission.json(), "web_case_id": web_case_id}

    async def case(self, web_case_id: str) -> dict[str, Any]:
        """The current case."""
        found = await self.call("GET", f"/cases/{web_case_id}")
        assert found.status_code == 200, found.text
        case: dict[str, Any] = found.json()
        return case

    async def until(self, web_case_id: str, within_seconds: float = 30, **expected: Any) -> dict[str, Any]:
        """Wait until the case has these values; `submission_state` is that of its submission."""

        def holds(case: dict[str, Any]) -> bool:
            submission = case["submission"] or {}
            seen = {**case, "submission_state": submission.get("state")}
            return all(seen[name] == value for name, value in expected.items())

        return await eventually(lambda: self.case(web_case_id), holds, within_seconds=within_seconds, every_seconds=0.1)

    async def until_in_d365(self, web_case_id: str) -> dict[str, Any]:
        """Wait until the submission is delivered and the case has its Case ID: status-sync writes that, maybe later."""

        def holds(case: dict[str, Any]) -> bool:
            return bool(case["submission"]["state"] == "delivered" and case["case_id"])

        return await eventually(lambda: self.case(web_case_id), holds, within_seconds=30, every_seconds=0.1)


@dataclass(frozen=True)
class Clerk:
    """Somebody who works in D365."""

    http: httpx2.AsyncClient

    async def cases(self) -> list[dict[str, Any]]:
        """Every case in D365."""
        answer = (await self.http.get("/_sandbox/cases")).json()
        cases: list[dict[str, Any]] = answer["items"]
        return cases

    async def holding(self, web_case_id: str) -> list[dict[str, Any]]:
        """D365's cases with this Web Case ID."""
        return [case for case in await self.cases() if case["WebCaseId"] == web_case_id]

    async def move(self, data_area_id: str, case_id: str, status: str) -> None:
        """Change a case's status."""
        answer = await self.http.post(f"/_sandbox/cases/{data_area_id}/{case_id}/status", json={"status": status})
        assert answer.is_success, answer.text


@asynccontextmanager
async def up(data_dir: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Stack]:
    """Run `casebridge up --json` until the block ends, then stop it with SIGTERM, within STOP_SECONDS."""
    command = [sys.executable, "-m", "casebridge", "up", "--json", "--ports", "auto", "--data-dir", str(data_dir)]
    errors = data_dir.with_suffix(".stderr")
    with errors.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *command, *arguments, stdout=subprocess.PIPE, stderr=stderr, env={**os.environ, **(environment or {})}
        )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(UP_SECONDS):
            line = await process.stdout.readline()
        assert line, f"casebridge up ended:\n{errors.read_text()[-4000:]}"
        ready = json.loads(line)
        assert ready.pop("ready") is True
        yield Stack(process, data_dir, **ready)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
