"""Choose the port of each part of the stack; a data folder remembers its ports."""

import errno
import json
import random
import socket
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

from casebridge.download import cache_folder
from casebridge.errors import UsageError
from casebridge.state import write_private

HOST = "127.0.0.1"
DEFAULTS: Mapping[str, int] = {
    "case-api": 8000,
    "d365-sync": 8001,
    "status-sync": 8002,
    "portal-web": 8080,
    "oidc": 8090,
    "sandbox": 8365,
    "postgres": 15432,
    "kafka": 19092,
    "kafka-controller": 19093,
    "kafka-services": 19094,
}
# Below the range that systems use for outgoing connections: a client that tries to reconnect to a stopped part must not
# get that part's port.
AUTOMATIC = range(20_000, 32_000)
# A part listens on its port a moment after it was drawn: until then a file of its name shows that it is taken.
_SHOWN_SECONDS = 300


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def choose(data_dir: Path, names: list[str], *, automatic: bool) -> dict[str, int]:
    """The ports of these parts: the last ones, or the defaults, or (if `automatic`) free ones; remembers them.

    Raises UsageError that names every port in use and its part.
    """
    memory = data_dir / "ports.json"
    remembered = json.loads(memory.read_text()) if memory.exists() else {}
    wanted = {**DEFAULTS, **remembered}
    if automatic and not remembered:
        wanted = dict(zip(DEFAULTS, free_ports(len(DEFAULTS)), strict=True))
    taken = [name for name in names if not is_free(wanted[name])]
    if taken and not automatic:
        raise UsageError(taken_message({name: wanted[name] for name in taken}))
    others = free_ports(len(taken), without=wanted.values())
    wanted.update(zip(taken, others, strict=True))
    for name in names:
        _shown(wanted[name]).touch()
    write_private(memory, json.dumps(wanted))
    return {name: wanted[name] for name in names}


def free_ports(count: int, without: Collection[int] = ()) -> list[int]:
    """`count` ports on which nothing listens, and that no process of this user has drawn in the last five minutes."""
    candidates = random.sample(AUTOMATIC, len(AUTOMATIC))
    free = (port for port in candidates if port not in without and is_free(port) and _draw(port))
    return [next(free) for _ in range(count)]


def _shown(port: int) -> Path:
    """The file that shows that the port was drawn."""
    folder = cache_folder() / "ports"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / str(port)


def _draw(port: int) -> bool:
    """Take the port for this process; False if another one has just taken it."""
    shown = _shown(port)
    with suppress(FileNotFoundError):
        if time.time() - shown.stat().st_mtime < _SHOWN_SECONDS:
            return False
        shown.unlink()
    try:
        shown.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def taken_message(taken: Mapping[str, int]) -> str:
    """The message for the user about ports in use."""
    lines = "".join(f"\n  {port:>5}  wanted for {name}" for name, port in taken.items())
    return f"other programs are using these ports:{lines}\nStop those programs, or add --ports auto."
