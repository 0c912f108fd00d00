"""What the user sees: progress, log lines with a colored name, tables and JSON."""

import json
import logging
import os
import re
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from shutil import get_terminal_size
from typing import Any, TextIO
from unicodedata import category

COLORS = (36, 32, 35, 33, 34, 91, 96, 92)  # ANSI codes, one per name
NAME_WIDTH = 11
STEP_WIDTH = 15
MARKS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "·"}  # by a step's state
PLAIN_MARKS = {"ok": "ok", "warning": "!", "failed": "x", "skipped": "-"}
LONGEST_LINE = 120
MEGABYTE = 1_000_000
SHOWN_DOWNLOAD_BYTES = MEGABYTE // 2
LARGE_DOWNLOAD_BYTES = 5 * MEGABYTE
WIDTH_WITHOUT_TERMINAL = 240
# Control and format characters, halves of surrogate pairs, and separators of lines and paragraphs.
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def visible(text: str) -> str:
    """What is text for people as it is, and what commands a terminal as JSON escapes it: \\u001b; lines stay lines.

    Dealers, D365 and tokens bring any character: cursor movements, titles, letters that run backwards.
    """
    lines = text.replace("\r\n", "\n")
    return "".join(json.dumps(one)[1:-1] if category(one) in HIDDEN and one not in "\n\t" else one for one in lines)


def write_json(value: object) -> None:
    """Print one JSON document on one line of stdout."""
    sys.stdout.write(visible(json.dumps(value, default=str, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def write_error(message: str) -> None:
    """Print a message for the user on stderr."""
    sys.stderr.write(f"casebridge: {visible(message)}\n")


class Progress:
    """Reports progress on one stream; safe to use from several threads."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._colored = stream.isatty() and "NO_COLOR" not in os.environ
        self._lock = threading.Lock()
        self._colors: dict[str, int] = {}

    def say(self, name: str, message: str) -> None:
        """Print one line with its colored name; a closed stream or a full disk does not stop the stack."""
        with self._lock:
            color = self._colors.setdefault(name, COLORS[len(self._colors) % len(COLORS)])
            label = f"{name:<{NAME_WIDTH}}"
            label = f"\033[{color}m{label}\033[0m" if self._colored else label
            try:
                self._stream.write(f"{label}  {message}\n")
                self._stream.flush()
            except BrokenPipeError:
                self._stream = open(os.devnull, "w")  # noqa: PTH123, SIM115 - it stays open as long as the process
            except OSError:
                pass  # each line is in its log file, too, and nobody could read what we say about it here

    @contextmanager
    def download(self, filename: str, size: int) -> Iterator[Callable[[int], None]]:
        """Report a download of `size` bytes, a large one in quarters, a small one not at all; yields a byte counter."""
        steps = 4 if size >= LARGE_DOWNLOAD_BYTES else 1
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            before, done = done * steps // size, done + count
            if size >= SHOWN_DOWNLOAD_BYTES and (step := done * steps // size) != before:
                self.say("download", f"{filename}  {step * 100 // steps} % of {size / MEGABYTE:.1f} MB")

        yield advance


def render_table(columns: list[str], rows: list[list[Any]]) -> None:
    """Print a table on stdout; only its last column, the longest, is wrapped."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=column != columns[-1], overflow="fold")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL).print(table)


def shown(cell: Any) -> str:
    """A value as a table shows it: a time to the second in the user's zone, with the zone; empty for None."""
    text = "" if cell is None else visible(str(cell))
    if not TIMESTAMP.fullmatch(text):
        return text
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def show_page(page: dict[str, Any], columns: list[str], *, json: bool) -> None:
    """Print a page of a list, `{items, next, has_more}`; for a list in it, the table shows the length."""
    if json:
        write_json(page)
        return
    cells = [[item.get(column) for column in columns] for item in page["items"]]
    render_table(columns, [[len(cell) if isinstance(cell, list) else cell for cell in row] for row in cells])
    if page["has_more"]:
        sys.stderr.write(f"next page: --cursor {page['next']}\n")


def show_document(document: dict[str, Any], *, json: bool) -> None:
    """Print one document."""
    if json:
        write_json(document)
    else:
        render_fields(document)


def step_lines(state: str, name: str, message: str, remedy: str | None) -> list[str]:
    """The lines of a check's step: what was found and, below it, what to do; no longer than the terminal."""
    mark = (MARKS if can_print("".join(MARKS.values())) else PLAIN_MARKS)[state]
    width = min(get_terminal_size().columns, LONGEST_LINE)
    indent = " " * (len(mark) + 1 + STEP_WIDTH + 1)
    said = textwrap.wrap(
        visible(message), width, initial_indent=f"{mark} {name:<{STEP_WIDTH}} ", subsequent_indent=indent
    )
    return said + textwrap.wrap(
        visible(remedy or ""), width, initial_indent=f"{indent}> ", subsequent_indent=f"{indent}  "
    )


def can_print(text: str) -> bool:
    """Whether stdout's encoding has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def render_fields(document: dict[str, Any]) -> None:
    """Print a JSON object, one line per field, nested values as JSON."""
    width = max(map(len, document), default=0)
    for name, value in document.items():
        nested = isinstance(value, dict | list)
        text = visible(json.dumps(value, indent=2, ensure_ascii=False)) if nested else shown(value)
        text = text.replace("\n", "\n" + " " * (width + 2)) if nested else text
        print(f"{name:<{width}}  {text}")


def log_warnings_to_stderr() -> None:
    """Keep standard output for what a command reports, which may be JSON."""
    import structlog

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
