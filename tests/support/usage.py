"""What a process and its children use; PostgreSQL is many processes that share memory."""

from contextlib import suppress

import psutil


def memory_mib(pid: int) -> float:
    """The memory of both, in MiB; what several of them share counts once."""
    total = 0
    for process in _family(pid):
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total / 2**20


def cpu_seconds(pid: int) -> float:
    """The CPU seconds of both, also of children that have ended."""
    total = 0.0
    for process in _family(pid):
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
