"""A program that the stack runs: how to start it, and how to stop it."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")


def no_preparation() -> None:
    """Do nothing: most programs need no preparation."""


@dataclass(frozen=True)
class Program:
    """One process of the stack."""

    name: str
    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    is_ready: Callable[[], bool]
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    user: str | None = None
    prepare: Callable[[], None] = field(default=no_preparation)

    def command(self) -> list[str]:
        """The command that starts it as a child of this process and ends it with this process."""
        launcher = [sys.executable, "-I", "-S", str(LAUNCHER)]
        return [*launcher, str(int(self.orphan_signal)), str(os.getpid()), self.user or "-", *self.argv]
