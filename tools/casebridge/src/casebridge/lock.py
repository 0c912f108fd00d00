"""One running stack per data folder, and only folders of this version."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from casebridge.errors import UsageError

LAYOUT = {"layout": 1, "postgres": 18}
LOCK_NAME = "lock"
VERSION_NAME = "version.json"


@contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Lock the data folder for this process; the system releases it however the process ends.

    Raises UsageError with the process ID if another process has locked it.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{data_dir} cannot be used as a data folder ({error.strerror}): choose another folder with --data-dir"
        ) from None
    with (data_dir / LOCK_NAME).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise UsageError(
                f"process {owner} is using {data_dir}: stop it with `casebridge down --data-dir {data_dir}`, or "
                "choose another folder with --data-dir"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def check_layout(data_dir: Path) -> None:
    """Refuse a folder that another version wrote, or that is not a data folder; mark a new one as ours."""
    version = data_dir / VERSION_NAME
    partial = version.with_suffix(".partial")
    if version.exists():
        found = version.read_text()
        if found != json.dumps(LAYOUT):
            raise UsageError(
                f"{data_dir} was written by another version ({found.strip()}; this one writes {json.dumps(LAYOUT)}): "
                "use that version, or choose another folder with --data-dir"
            )
    elif any(entry.name not in {LOCK_NAME, partial.name} for entry in data_dir.iterdir()):
        raise UsageError(f"{data_dir} contains files, but no {VERSION_NAME}: choose another folder with --data-dir")
    else:
        partial.write_text(json.dumps(LAYOUT))
        partial.rename(version)
