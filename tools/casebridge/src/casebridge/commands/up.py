"""`casebridge up`: run the local stack in the foreground."""

import asyncio
import signal
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casebridge import lock, parts
from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json
from casebridge.errors import UsageError
from casebridge.oidc.users import USERS
from casebridge.output import Progress, write_json
from casebridge.parts import PARTS, Plan
from casebridge.ports import choose
from casebridge.state import StackState

if TYPE_CHECKING:
    from casebridge.stack import Stack

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
NAME_WIDTH = 11


class Ports(StrEnum):
    """How ports are chosen."""

    FIXED = "fixed"
    AUTO = "auto"


def up(
    data_dir: DataDir = DEFAULT_DATA_DIR,
    without: Annotated[str, typer.Option(metavar="NAME,…", help="The parts not to run: " + ", ".join(PARTS))] = "",
    ports: Annotated[Ports, typer.Option(help="auto: avoid ports that are in use.")] = Ports.FIXED,
    restored: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Report that the database was restored. See docs/runbooks/restore.md."),
    ] = None,
    json: Json = False,
) -> None:
    """Run PostgreSQL, Kafka, the identity provider, the sandbox and all services until Ctrl-C or SIGTERM.

    The services receive your environment variables: `D365_URL=… casebridge up --without sandbox` uses another D365.
    """
    from casebridge.settings_first import check_settings
    from casebridge.stack import Stack, end_orphans

    included = without_parts(without)
    data_dir = data_dir.resolve()
    progress = Progress(sys.stderr if json else sys.stdout)
    with lock.exclusive(data_dir):
        lock.check_layout(data_dir)
        end_orphans(data_dir)
        plan = make_plan(data_dir, included, automatic=ports is Ports.AUTO, log_format="json" if json else "console")
        check_settings(plan)
        download(included, progress)
        asyncio.run(run(Stack(plan, progress, echo_logs=not json, restored=restored), progress, json=json))


def without_parts(without: str) -> list[str]:
    """The parts to run; raises UsageError for an unknown name."""
    excluded = {name.strip() for name in without.split(",") if name.strip()}
    if unknown := excluded - set(PARTS):
        raise UsageError(f"--without {','.join(sorted(unknown))}: the parts are {', '.join(PARTS)}")
    if "case-api" in excluded and "CASE_API_URL" not in parts.user_environment():
        excluded.add("portal-web")  # it would have nothing to show
    return [name for name in PARTS if name not in excluded]


def make_plan(data_dir: Path, included: list[str], *, automatic: bool, log_format: str) -> Plan:
    """Choose the addresses, remembered ones first."""
    names = [*included, "kafka-controller", "kafka-services"] if "kafka" in included else included
    chosen = choose(data_dir, names, automatic=automatic)
    return Plan(data_dir=data_dir, ports=chosen, given=parts.user_environment(), log_format=log_format)


def download(included: list[str], progress: Progress) -> None:
    """Download what is not in the cache yet; before anything runs, so that Ctrl-C ends it at once."""
    from casebridge import kafka, postgres

    if "postgres" in included:
        postgres.fetch(progress)
    if "kafka" in included:
        kafka.fetch(progress)


async def run(stack: "Stack", progress: Progress, *, json: bool) -> None:
    """Start the stack, announce it, wait for a signal, stop it."""
    stopped = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    waiting = asyncio.create_task(stopped.wait())
    starting = asyncio.create_task(stack.start())
    try:
        await asyncio.wait({waiting, starting}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            await starting
            announce(stack.state, progress, json=json)
            await waiting
    finally:
        waiting.cancel()
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await stack.stop()


def announce(state: StackState, progress: Progress, *, json: bool) -> None:
    """Print the addresses: for a program on one line, for a person one per line."""
    if json:
        write_json(
            {
                "ready": True,
                "urls": state.urls,
                "database_url": state.database_url,
                "kafka": state.kafka,
                "pids": {record.name: record.pid for record in state.processes},
            }
        )
        return
    for name, url in state.urls.items():
        print(f"{name:<{NAME_WIDTH}}  {url}", flush=True)
    if {"portal-web", "oidc"} <= state.urls.keys():
        who = ", ".join(f"{user.username} ({user.role})" for user in USERS.values())
        print(f"{'':<{NAME_WIDTH}}  sign in to portal-web as {who}", flush=True)
    progress.say("casebridge", "ready; try `make demo` in another terminal. Ctrl-C stops everything")
