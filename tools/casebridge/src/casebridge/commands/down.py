"""`casebridge down`: stop the running stack."""

import os
import signal
import time

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json
from casebridge.errors import OperationFailed
from casebridge.output import write_json
from casebridge.state import find_running

STOP_SECONDS = 15.0
INTERVAL_SECONDS = 0.05


def down(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Stop the stack in this folder, and wait for its end. Its data stays."""
    state = find_running(data_dir.resolve())
    if state:
        os.kill(state.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while state.is_alive():
            if time.monotonic() > deadline:
                raise OperationFailed(
                    f"process {state.pid} is still running after {STOP_SECONDS:.0f} s; end it with kill -9 {state.pid}"
                )
            time.sleep(INTERVAL_SECONDS)
    if json:
        write_json({"stopped": state is not None})
    else:
        print("stopped" if state else f"no stack is running in {data_dir}")
