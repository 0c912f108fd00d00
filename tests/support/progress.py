"""Progress of what takes long: a line at a time, with the seconds since it began."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

Progress = Callable[[str], None]


def progress_from_now(output: TextIO = sys.stdout) -> Progress:
    """Return what prints a line to `output`."""
    began = time.monotonic()

    def show(line: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {line}", file=output, flush=True)

    return show
