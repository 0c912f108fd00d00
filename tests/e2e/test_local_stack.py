"""The local stack's own promises with everything in it, and the command line against the real services."""

import json
import subprocess
from typing import Any
from uuid import uuid4

import httpx2
import psutil
import pytest

from tests.e2e.conftest import SETTLE_SECONDS
from tests.support.eventually import eventually
from tests.support.stack import Stack

PARTS = {"postgres", "kafka", "oidc", "sandbox", "case-api", "d365-sync", "status-sync", "portal-web"}


def output_of(stack: Stack, *arguments: str) -> Any:
    return json.loads(stack.command(*arguments, "--json").stdout)


async def test_ready_names_every_part_by_address_and_process(stack: Stack) -> None:
    assert set(stack.pids) == PARTS
    assert set(stack.urls) == PARTS - {"postgres", "kafka"}
    assert stack.database_url.startswith("postgresql://")
    host, port = stack.kafka.split(":")
    assert (host, port.isdigit()) == ("127.0.0.1", True)
    listed = output_of(stack, "ps")["processes"]
    assert {one["name"]: one["pid"] for one in listed} == dict(stack.pids)
    assert {one["state"] for one in listed} == {"running"}


@pytest.mark.parametrize(
    ("name", "module"), [("case-api", "case_api"), ("kafka", "kafka.Kafka"), ("sandbox", "d365_sandbox")]
)
async def test_pids_are_the_processes_themselves(stack: Stack, name: str, module: str) -> None:
    process = psutil.Process(stack.processes()[name].pid)
    assert module in process.cmdline()
    assert process.ppid() == stack.process.pid


async def test_the_user_s_environment_reaches_the_services(stack: Stack) -> None:
    environment = psutil.Process(stack.processes()["d365-sync"].pid).environ()
    assert environment["D365_SETTLE_SECONDS"] == SETTLE_SECONDS


async def test_demonstration_goes_all_the_way(stack: Stack) -> None:
    steps = [step["detail"] for step in output_of(stack, "demo")["steps"]]
    for status in ("Submitted", "In process", "Open", "Closed"):
        assert any(status in step for step in steps), steps
    assert steps[-1].split()[-1].startswith("CASE-")


async def test_the_check_of_d365_proves_that_web_case_ids_are_unique(stack: Stack) -> None:
    async def concerns(operator: httpx2.AsyncClient) -> set[str]:
        return {one["kind"] for one in (await operator.get("/v1/flow")).json()["concerns"]}

    async with stack.operator() as operator:
        assert "uniqueness_unproven" in await concerns(operator)
        report = output_of(stack, "d365", "check", "--write", "--company", "usmf")
        states = {step["id"]: step["state"] for step in report["steps"]}
        assert report["ok"]
        assert (states["write"], states["events"]) == ("ok", "ok")
        found = (await operator.get("/v1/d365/check")).json()
        assert found["uniqueness_proof"]["case_id"].startswith("CASE-")
        # The event of the check's case is ignored, and is no sign of another environment.
        told_of = {"uniqueness_unproven", "events_of_other_environment"}
        await eventually(lambda: concerns(operator), lambda kinds: not kinds & told_of)


async def test_operators_commands_against_the_service(stack: Stack) -> None:
    async with stack.dealer("usmf-us-001") as dealer:
        case = await dealer.submitted(uuid4().hex)
        await dealer.until(case["web_case_id"], submission_state="delivered")
    [document] = output_of(stack, "queue", "list", "--state", "delivered", "--limit", "1")["items"]
    assert output_of(stack, "queue", "show", document["id"])["payload"]["category"]
    refused = stack.command("queue", "replay", document["id"], "--reason", "again", check=False)
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert output_of(stack, "queue", "pause", "--reason", "a look at it")["paused"] is True
    assert output_of(stack, "queue", "resume", "--reason", "looked")["paused"] is False
    assert output_of(stack, "queue", "audit", "--limit", "1")["items"][0]["reason"] == "looked"
    assert isinstance(output_of(stack, "queue", "unreadable")["items"], list)
    assert output_of(stack, "ledger")["adds_up"] is True


async def test_names_of_nothing_are_refused_in_words(stack: Stack) -> None:
    def refused(*arguments: str) -> subprocess.CompletedProcess[str]:
        return stack.command(*arguments, check=False)

    unknown = refused("queue", "show", "W0000000000-1")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("casebridge: Not found")
    assert refused("queue", "list", "--state", "lost").returncode == 1
