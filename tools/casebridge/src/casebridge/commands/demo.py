"""`casebridge demo`: watch a case on its way to D365 and back."""

import json as jsonlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json
from casebridge.errors import OperationFailed, UsageError
from casebridge.output import write_json
from casebridge.state import StackState, find_elsewhere, find_running, get_running

if TYPE_CHECKING:
    from casebridge.walkthrough import Step

NEEDED = ("case-api", "d365-sync", "status-sync", "sandbox")
TOKEN_MINUTES = 30
STOP_SECONDS = 15


def demo(
    dealer: Annotated[str, typer.Option(metavar="D", help="The dealer's slug.")] = "usmf-us-001",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    json: Json = False,
) -> None:
    """Submit a case and follow it to Closed. Then let D365 refuse another case, and replay it.

    The demonstration uses the stack in --data-dir. If none is running, it starts one for as long as it takes.
    """
    steps: list[Step] = []

    def show(step: "Step") -> None:
        steps.append(step)
        if not json:
            print(f"{step.seconds:7.2f} s  {step.step:<34}{step.detail}", flush=True)

    with running_stack(data_dir.resolve()) as folder:
        walk(folder, get_running(folder), dealer, show)
    if json:
        write_json({"steps": [asdict(step) for step in steps]})


@contextmanager
def running_stack(data_dir: Path) -> Iterator[Path]:
    """The folder of a running stack: this one, or a temporary one whose stack ends with the block."""
    if find_elsewhere() or find_running(data_dir):
        yield data_dir
        return
    print("no stack is running here: starting one for the demonstration", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="casebridge-demo-", ignore_cleanup_errors=True) as temporary:
        command = [sys.executable, "-m", "casebridge", "up", "--json", "--ports", "auto", "--data-dir", temporary]
        stack = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            wait_until_ready(stack)
            yield Path(temporary).resolve()
        finally:
            stack.terminate()
            stack.wait(STOP_SECONDS)


def wait_until_ready(stack: subprocess.Popen[str]) -> None:
    """Wait for the line that says that the stack is ready; raises OperationFailed if it ends before."""
    line = stack.stdout.readline() if stack.stdout else ""
    if not line or not jsonlib.loads(line)["ready"]:
        raise OperationFailed("the stack did not start; see the messages above")


def walk(data_dir: Path, stack: StackState, dealer: str, show: Callable[["Step"], None]) -> None:
    """Run the demonstration against this stack; raises UsageError if a part is missing."""
    from casebridge.api import Api, user_name
    from casebridge.oidc.users import DEALER_SCOPES, OPERATOR_SCOPES, User
    from casebridge.tokens import mint
    from casebridge.walkthrough import Walkthrough

    if missing := [name for name in NEEDED if name not in stack.urls]:
        raise UsageError(f"the demonstration needs {', '.join(missing)}, which this stack does not run")
    person = User(user_name(), "demonstration", (dealer,), (*DEALER_SCOPES, *OPERATOR_SCOPES))
    token = mint(data_dir, person, " ".join(person.scopes), TOKEN_MINUTES)
    Walkthrough(
        cases=Api(stack.urls["case-api"], token),
        documents=Api(stack.urls["d365-sync"], token),
        clerk=Api(stack.urls["sandbox"], ""),
        dealer=dealer,
        show=show,
    ).run()
