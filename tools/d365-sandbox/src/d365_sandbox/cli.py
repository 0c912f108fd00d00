"""The command line: options override the environment; wrong settings are named, and the exit code is 2."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from pydantic import ValidationError

from d365_sandbox.entra.assertions import CredentialUnusable
from d365_sandbox.server import PortTaken
from d365_sandbox.server import serve as run_server
from d365_sandbox.settings import Settings, explain
from d365_sandbox.store import DataFileUnusable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="A stand-in for Dynamics 365 Finance & Operations that follows its documented protocol, including its faults.",
)


@app.callback()
def root() -> None:
    """Keeps `serve` a command of its own."""


@app.command(
    epilog="Each setting can also be set as an environment variable, SANDBOX_<NAME>. The README lists all settings."
)
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on (127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on (8365); 0 uses a free port.")] = None,
    data_file: Annotated[Path | None, typer.Option(help="The SQLite file with all data.")] = None,
    timeout: Annotated[
        float | None, typer.Option(help="D365's own time limit for a request, in seconds (120).")
    ] = None,
    latency: Annotated[float | None, typer.Option(help="The minimum time for an answer, in seconds (0).")] = None,
    max_concurrent: Annotated[
        int | None, typer.Option(help="The number of parallel requests before D365 answers 429; 0 means no limit.")
    ] = None,
    customers: Annotated[
        int | None, typer.Option(help="The number of sample customers in each legal entity (5).")
    ] = None,
    clerk: Annotated[
        str | None, typer.Option(help="auto: cases change their status by themselves; off: they do not.")
    ] = None,
    unique_web_case_id: Annotated[
        bool | None, typer.Option(help="Whether D365 rejects a second case with the same Web Case ID (yes).")
    ] = None,
) -> None:
    """Serve until SIGTERM. SANDBOX_CLIENT_SECRET must be set."""
    given = {
        "host": host, "port": port, "data_file": data_file, "timeout_seconds": timeout, "latency_seconds": latency,
        "max_concurrent": max_concurrent, "customers": customers, "clerk": clerk,
        "unique_web_case_id": unique_web_case_id,
    }  # fmt: skip
    settings = _settings({name: value for name, value in given.items() if value is not None})
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
    )
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the sender reports what Kafka did not take
    try:
        asyncio.run(run_server(settings))
    except (PortTaken, DataFileUnusable, CredentialUnusable) as error:
        _refuse([str(error)])
    except OSError as error:
        _refuse([f"cannot use SANDBOX_TLS_CERTIFICATE or SANDBOX_TLS_KEY: {error}"])


def _settings(given: dict[str, Any]) -> Settings:
    try:
        return Settings(**given)
    except ValidationError as error:
        _refuse(explain(error))
        raise


def _refuse(lines: list[str]) -> None:
    for line in lines:
        typer.echo(f"d365-sandbox: {line}", err=True)
    raise typer.Exit(2)
