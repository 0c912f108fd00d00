"""Runs schemathesis against each service: examples, limits, walks along links; the same requests each time."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.support.processes import Process

_FOLDER = Path(__file__).parent


async def hold(process: Process, configuration: str, folder: Path, *, examples: int, **environment: str) -> None:
    """Check `process` against its OpenAPI document; `configuration` is a file here, which may use the `environment`."""
    command = [str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(_FOLDER / configuration)]
    command += ["run", f"{process.url}/openapi.json", "--seed", "1", "--max-examples", str(examples), "--no-color"]
    variables = {**environment, "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    run = await asyncio.to_thread(
        subprocess.run, command, env=variables, cwd=folder, capture_output=True, text=True, check=False
    )
    print(run.stdout, run.stderr)
    assert run.returncode == 0
    assert "request_failed" not in process.output()
