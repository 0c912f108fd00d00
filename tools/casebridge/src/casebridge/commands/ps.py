"""`casebridge ps`: the processes of the running stack."""

from casebridge.commands.options import DEFAULT_DATA_DIR, DataDir, Json
from casebridge.output import render_table, write_json
from casebridge.state import get_running


def ps(data_dir: DataDir = DEFAULT_DATA_DIR, json: Json = False) -> None:
    """Show the running stack's processes: name, process ID, state and restarts."""
    state = get_running(data_dir.resolve())
    columns = ["name", "pid", "state", "restarts"]
    processes = [record.model_dump(mode="json", include=set(columns)) for record in state.processes]
    if json:
        write_json({"processes": processes})
        return
    rows = [[*(process[column] for column in columns), state.urls.get(process["name"])] for process in processes]
    render_table([*columns, "address"], rows)
