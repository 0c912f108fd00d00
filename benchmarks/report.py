"""Figures as a table in Markdown, with the machine and the commit."""

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Result


def table(results: Sequence[Result]) -> str:
    """Return one row per figure: median, least and greatest of the rounds, the goal and whether it is reached."""
    lines = [
        "| benchmark | figure | median | least - greatest | goal | reached |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        goals = {goal.figure: goal for goal in result.goals}
        for figure, median in result.medians.items():
            least, greatest = result.spread[figure]
            goal = goals.get(figure)
            reached = "" if goal is None else ("yes" if goal.is_reached(median) else "**no**")
            spread = f"{least:,.4g} - {greatest:,.4g}"
            lines.append(f"| {result.name} | {figure} | {median:,.4g} | {spread} | {goal or ''} | {reached} |")
    return "\n".join(lines)


def machine() -> str:
    """Return a line about the machine."""
    cpu = next(
        (line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores ({cpu}), {gib:.0f} GiB, {system}"


def commit() -> str:
    """Return the commit that ran, marked if the work tree has changes."""
    run = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return run.stdout.strip() or "unknown"


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []
