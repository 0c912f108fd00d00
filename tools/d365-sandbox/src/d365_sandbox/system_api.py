"""Reads of the system's entity sets, and calls of the actions bound to them."""

from collections.abc import Iterable

from d365_sandbox.data_request import DataRequest, read_json
from d365_sandbox.entities import EntitySet
from d365_sandbox.memory_query import select_rows
from d365_sandbox.odata_errors import Answer, EntitySetNotFound, JsonObject, MethodNotAllowed, ODataError
from d365_sandbox.system_sets import SYSTEM_SETS, Action, find_action, rows_of


def system_answer(request: DataRequest, path: str, entities: Iterable[EntitySet]) -> Answer:
    """The answer to a request about `/data/SystemSet…`; raises `ODataError` for a refusal."""
    address = path.removeprefix("/data/")
    action = find_action(address)
    if action is not None:
        return Answer(200, _run(action, request, entities))
    if address not in SYSTEM_SETS:
        raise EntitySetNotFound(request.raw_path)
    if request.method != "GET":
        raise MethodNotAllowed(request.method)
    rows = rows_of(SYSTEM_SETS[address], entities)
    context = {"@odata.context": f"{request.origin}/data/$metadata#{address}"}
    return Answer(200, context | select_rows(rows, request.query_string))


def _run(action: Action, request: DataRequest, entities: Iterable[EntitySet]) -> JsonObject:
    if request.method != "POST":
        raise MethodNotAllowed(request.method)
    given = read_json(request) if request.body else {}
    for name, value in given.items():
        if name not in dict(action.parameters) or not isinstance(value, list):
            raise ODataError(400, f"The parameter '{name}' in the request payload is not one of '{action.name}'.")
    shown = f"Collection({action.returns})" if action.collection else action.returns
    return {"@odata.context": f"{request.origin}/data/$metadata#{shown}", "value": action.run(given, entities)}
