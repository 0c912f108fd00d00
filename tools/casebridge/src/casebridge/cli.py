"""The command line: which commands there are."""

import typer

from casebridge.commands.d365 import d365, restored
from casebridge.commands.delivery import audit, delivery, let_through, pause, resume, unreadable
from casebridge.commands.demo import demo
from casebridge.commands.down import down
from casebridge.commands.ledger import ledger
from casebridge.commands.logs import logs
from casebridge.commands.ps import ps
from casebridge.commands.queue import queue
from casebridge.commands.replays import replay_all, replays
from casebridge.commands.setup import setup
from casebridge.commands.token import token
from casebridge.commands.up import up

app = typer.Typer(
    name="casebridge",
    help="Casebridge's command line: the local stack, operators' commands, tokens for development.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (setup, up, ps, logs, down, demo, token, ledger, restored):
    app.command()(command)
for of_queue in (replay_all, delivery, pause, resume, audit, unreadable, let_through):
    queue.command()(of_queue)
queue.add_typer(replays)
for group in (queue, d365):
    app.add_typer(group)
