"""`casebridge d365 check`: does the D365 that the environment names allow what Casebridge needs?"""

import asyncio
import logging
import os
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casebridge.commands.options import Json
from casebridge.errors import UsageError
from casebridge.output import log_warnings_to_stderr, step_lines, write_error, write_json

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from case_shared.d365.check.report import Report
    from case_shared.d365.check.settings_step import CheckSettings
    from case_shared.d365.settings import D365Settings
    from case_shared.kafka.event_hub import Inbound
    from d365_sync.postgres.checks import PostgresChecks

STOP_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def check(
    write: Annotated[
        bool,
        typer.Option(
            "--write",
            help="Also create a marked case, to prove that D365 keeps its Web Case ID unique. The case is deleted "
            "again, or canceled if it may not be deleted. Needs --company.",
        ),
    ] = False,
    company: Annotated[
        str | None,
        typer.Option(
            metavar="CODE", help="The legal entity (dataAreaId) that must be visible, and gets the marked case."
        ),
    ] = None,
    event_seconds: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="With --write: how long to wait for a business event.")
    ] = 60,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            resolve_path=True,
            help="Use the settings of the local stack in this folder instead of environment variables.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Check, step by step, whether D365 allows what Casebridge needs. Environment variables contain the settings.

    Nothing else needs to run. If DATABASE_URL is d365-sync's database, the console shows the result. The exit code is
    0 if the check passed (perhaps with warnings), 1 if there is something to do, and 2 if D365 cannot be reached.
    """
    if write and not company:
        raise UsageError("--write creates a case: name its legal entity with --company, for example --company usmf")
    if data_dir:
        os.environ.update(settings_of(data_dir))
    company = company.strip().lower() if company else None
    report = asyncio.run(until_stopped(look(company, write=write, event_seconds=event_seconds)))
    if json:
        write_json(report.as_json())
    else:
        show(report)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


async def until_stopped(looking: "Coroutine[Any, Any, Report]") -> "Report":
    """The report; signals end the process like Ctrl-C, so that the marked case is cleaned up."""
    task, loop = asyncio.ensure_future(looking), asyncio.get_running_loop()
    stopped_by: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        stopped_by.append(number)
        task.cancel()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not stopped_by:
            raise
        raise typer.Exit(128 + stopped_by[0]) from None


def settings_of(data_dir: Path) -> dict[str, str]:
    """The D365, database and Kafka settings of a local stack's services. Raises UsageError if they do not run."""
    import psutil

    from casebridge.state import find_running

    state = find_running(data_dir)
    processes = {one.name: one.pid for one in state.processes if one.is_alive()} if state else {}
    # Only status-sync may read the topic of D365's events.
    wanted = {
        "d365-sync": ("D365_", "DATABASE_", "CASEBRIDGE_TRIAL"),
        "status-sync": ("KAFKA_", "D365_EVENTS_TOPIC"),
    }
    found: dict[str, str] = {}
    for name, variables in wanted.items():
        pid = processes.get(name)
        if pid is None:
            raise UsageError(f"--data-dir {data_dir}: {name} is not running there")
        given = psutil.Process(pid).environ()
        found |= {variable: value for variable, value in given.items() if variable.startswith(variables)}
    return found


async def look(company: str | None, *, write: bool, event_seconds: float) -> "Report":
    """Run the check; store the result if a database is named."""
    from case_shared.d365.check.running import check_network_only, run_check
    from case_shared.d365.check.settings_step import read_settings
    from case_shared.d365.check.target import Asked
    from case_shared.process.clock import SystemClock

    log_warnings_to_stderr()
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    settings, problems = read_settings()
    if settings is None:
        return await check_network_only(problems)
    async with AsyncExitStack() as stack:
        checks = await stored_checks(stack, settings)
        asked = Asked(
            company=company,
            write=write,
            event_seconds=event_seconds,
            dealer_companies=await checks.dealer_companies() if checks else frozenset(),
            proof=await checks.proof() if checks else None,
            received=await checks.received() if checks else None,
        )
        report = await run_check(settings, asked, SystemClock(), inbound=inbound_topic(settings))
        if checks:
            await checks.store(report, written=write)
        elif report.proof:
            write_error(
                "the proof that Web Case IDs are unique is not stored: run the check again once the stack runs, with "
                "--data-dir .casebridge, or with DATABASE_URL set to d365-sync's database"
            )
    return report


def inbound_topic(settings: "CheckSettings") -> "Inbound | str":
    """Where D365's events arrive, or why that is unknown."""
    from pydantic import ValidationError

    from case_shared.kafka.connection import KafkaSettings
    from case_shared.kafka.event_hub import inbound, parse_connection_string

    hub = settings.d365_events_connection_string
    try:
        if hub is None:
            return inbound(KafkaSettings(), settings.d365_events_topic, None)
        # The hub needs none of our Kafka settings.
        there = KafkaSettings(kafka_bootstrap_servers=parse_connection_string(hub.get_secret_value()).address)
        return inbound(there, settings.d365_events_topic, hub)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:  # settings that do not fit together; the message names them
            return message
        name = str(first["loc"][0]).upper()
        return f"{name} is not set" if first["type"] == "missing" else f"{name}: {message}"


async def stored_checks(stack: AsyncExitStack, settings: "D365Settings") -> "PostgresChecks | None":
    """d365-sync's results; None if DATABASE_URL names no database, or one that does not exist yet."""
    from pydantic import ValidationError

    from case_shared.database.errors import UNREACHABLE
    from case_shared.database.postgres import close_pool, create_pool
    from case_shared.process.secret_files import UnusableSecretFile, secret_variable
    from case_shared.process.settings import PostgresSettings, explain
    from d365_sync.postgres.checks import PostgresChecks

    try:
        if not secret_variable("DATABASE_URL"):
            return None
        database = PostgresSettings()
        pool = await create_pool(
            database.database_url.get_secret_value,
            schema="d365_sync",
            name="d365-check",
            size=2,
            statements=database.database_statement_cache_size,
            pooler=database.database_pooler,
        )
        stack.push_async_callback(close_pool, pool)
        checks = PostgresChecks(pool, settings.d365_url, settings.mapping)
        await checks.last()
    except (UnusableSecretFile, ValidationError) as error:
        write_error(f"the result is not stored: {' '.join(explain(PostgresSettings, error))}")
        return None
    except (*UNREACHABLE, ValueError) as error:
        write_error(f"the result is not stored: DATABASE_URL: {error}")
        return None
    return checks


def show(report: "Report") -> None:
    """Print one line per step, and below it what to do."""
    for step in report.steps:
        print("\n".join(step_lines(step.state, step.id.value, step.message, step.remedy)))
    to_do = [step.id.value for step in report.steps if step.state == "failed"]
    print()
    print(f"To do: {', '.join(to_do)}." if to_do else "D365 allows everything that Casebridge needs.")
