"""Third-party clients against the sandbox, used as their own documentation says; `make foreign-clients`."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.foreign_clients.environments import MissingTool, java_command, node_command, python_command
from tests.support.patience import PATIENCE
from tests.support.sandbox import started

Command = Callable[[], tuple[str, ...]]

CLIENTS: dict[str, Command] = {
    "d365fo-client": python_command,
    "o.js": partial(node_command, "o_js.mjs"),
    "@odata/client": partial(node_command, "odata_client.mjs"),
    "olingo": java_command,
}


def installed(command: Command) -> tuple[str, ...]:
    """The command of a client; if its runtime is missing, skips the test, but fails it in CI."""
    try:
        return command()
    except MissingTool as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))


@pytest.mark.timeout(900 * PATIENCE)
@pytest.mark.parametrize("client", CLIENTS)
async def test_a_foreign_client_gets_what_its_documentation_says(client: str, tmp_path: Path) -> None:
    command = await asyncio.to_thread(installed, CLIENTS[client])
    async with started(tmp_path, max_page_size="3") as sandbox:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **sandbox.environment()},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), timeout=120 * PATIENCE)
    assert process.returncode == 0, output.decode(errors="replace")
    print(output.decode(errors="replace"))
