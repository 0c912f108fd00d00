"""Watch what d365-sync does in the background: it goes on whatever happens to the command that watches it."""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from casebridge.errors import OperationFailed
from casebridge.output import visible

if TYPE_CHECKING:
    from casebridge.api import Api

LOOK_SECONDS = 0.5
Job = dict[str, Any]
_UNAUTHORIZED, _BUSY, _SERVER_ERROR = 401, 429, 500


def watch(api: "Api", job: Job, look: Callable[["Api"], Job], line: Callable[[Job], str], again: str) -> Job:
    """Show a job's progress on stderr until it ends; if interrupted, it continues without us, and Exit is raised.

    `look` reads it, `line` says how far it is, and `again` is the command that shows it again. Raises OperationFailed,
    which names that command, if the service refuses to show it.
    """
    printed, silent = None, False
    try:
        while job["state"] == "running":
            if line(job) != printed:
                printed = line(job)
                sys.stderr.write(visible(printed) + "\n")
            time.sleep(LOOK_SECONDS)
            try:
                api, job = _seen(api, look)
                silent = False
            except OperationFailed as error:
                if not _passes(error):
                    raise OperationFailed(f"{error}\nit continues in the background: {again}") from error
                if not silent:
                    silent = True
                    sys.stderr.write(visible(f"{error}; trying again") + "\n")
    except KeyboardInterrupt:
        sys.stderr.write(f"it continues in the background: {again}\n")
        raise typer.Exit(130) from None
    return job


def _seen(api: "Api", look: Callable[["Api"], Job]) -> tuple["Api", Job]:
    """The job, and the service with the token that showed it: a token of ours lasts for minutes, a job for hours."""
    try:
        return api, look(api)
    except OperationFailed as error:
        if api.renew is None or _status(error) != _UNAUTHORIZED:
            raise
        renewed = replace(api, token=api.renew())
        return renewed, look(renewed)


def _status(error: OperationFailed) -> int | None:
    return getattr(error, "status", None)


def _passes(error: OperationFailed) -> bool:
    """Whether the service may answer the next time: it restarts, or has too much to do."""
    status = _status(error)
    return status is None or status == _BUSY or status >= _SERVER_ERROR
