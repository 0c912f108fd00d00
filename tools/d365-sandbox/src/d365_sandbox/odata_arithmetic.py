"""Arithmetic in a `$filter` as SQL: `add sub mul div divby mod` on numbers (Microsoft Learn, "OData", filters)."""

from d365_sandbox.entities import EntitySet, Kind
from d365_sandbox.odata_errors import ODataError, invalid_query
from d365_sandbox.odata_tree import Arithmetic, Call, Operand, Property

SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%"}
Number = int | float


def operand_sql(operand: Operand, entity: EntitySet) -> tuple[str, list[Number]]:
    """The SQL of an operand and its parameters; raises `ODataError` 400 if it is not a number."""
    match operand:
        case Property(name) if entity.queried(name).kind is Kind.REC_ID:
            return name, []
        case bool():
            raise _not_a_number(operand)
        case int() | float():
            return "?", [operand]
        case Arithmetic():
            return _arithmetic(operand, entity)
        case Call(function):
            raise invalid_query(f"The function '{function}' is not supported.")
        case _:
            raise _not_a_number(operand)


def _arithmetic(node: Arithmetic, entity: EntitySet) -> tuple[str, list[Number]]:
    (left, first), (right, second) = operand_sql(node.left, entity), operand_sql(node.right, entity)
    if node.operator == "divby":
        return f"(1.0 * {left} / {right})", [*first, *second]
    return f"({left} {SIGNS[node.operator]} {right})", [*first, *second]


def _not_a_number(operand: Operand) -> ODataError:
    shown = operand.name if isinstance(operand, Property) else operand
    return invalid_query(f"A binary operator with incompatible types was detected: '{shown}' is not a number.")
