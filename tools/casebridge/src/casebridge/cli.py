"""The command line: the list of commands."""

import os
import time
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from casebridge.commands.d365 import d365, restored, restores
from casebridge.commands.d365_check import check
from casebridge.commands.delivery import audit, delivery, let_through, pause, resume, seen, unreadable
from casebridge.commands.demo import demo
from casebridge.commands.down import down
from casebridge.commands.erase import erase
from casebridge.commands.flow import dealers, flow, search_d365
from casebridge.commands.identity import identity
from casebridge.commands.kafka import kafka
from casebridge.commands.ledger import ledger
from casebridge.commands.logs import logs
from casebridge.commands.notes import note, notes, preview
from casebridge.commands.ps import ps
from casebridge.commands.queue import queue
from casebridge.commands.replays import replay_all, replays
from casebridge.commands.setup import setup
from casebridge.commands.token import token
from casebridge.commands.up import up
from casebridge.commands.windows import windows
from casebridge.errors import UsageError

app = typer.Typer(
    name="casebridge",
    help="Run the local stack, manage deliveries as an operator, and create tokens for development.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    zone: Annotated[
        str | None,
        typer.Option(
            "--zone",
            metavar="ZONE",
            envvar="CASEBRIDGE_ZONE",
            help="The time zone for all times, such as Europe/Berlin. Default: this computer's.",
        ),
    ] = None,
) -> None:
    """Run the local stack, manage deliveries as an operator, and create tokens for development."""
    if zone:
        _use(zone)


def _use(zone: str) -> None:
    """Let this computer's time mean `zone` from here on. Raises: UsageError if it cannot."""
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"--zone: unknown time zone {zone}; use an IANA name such as Europe/Berlin or UTC") from None
    os.environ["TZ"] = zone
    time.tzset()
    # What the C library does not find is UTC for it, under any name; Python may have the zone from a package.
    moments = [datetime(datetime.now(UTC).year, month, 1, tzinfo=UTC) for month in (1, 7)]
    if any(moment.astimezone().utcoffset() != moment.astimezone(known).utcoffset() for moment in moments):
        raise UsageError(
            f"--zone: this computer has no data for the time zone {zone}: use its present name, such as "
            "Europe/Kyiv instead of Europe/Kiev, or install the packages tzdata and tzdata-legacy"
        )


for command in (setup, up, ps, logs, down, demo, token, ledger, restored, erase):
    app.command()(command)
_of_queue = (
    replay_all,
    note,
    notes,
    preview,
    search_d365,
    dealers,
    flow,
    delivery,
    pause,
    resume,
    audit,
    unreadable,
    seen,
    let_through,
)
for of_queue in _of_queue:
    queue.command()(of_queue)
for group_of_queue in (replays, windows):
    queue.add_typer(group_of_queue)
d365.command()(check)
d365.add_typer(restores)
for group in (queue, d365, kafka, identity):
    app.add_typer(group)
