"""Query options on rows in memory, for the metadata service and the system's entity sets."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from d365_sandbox.odata_errors import JsonObject, invalid_query
from d365_sandbox.odata_filter import parse_filter
from d365_sandbox.odata_query import parse_options
from d365_sandbox.odata_tree import (
    All,
    AnyOf,
    Call,
    Comparison,
    Computed,
    Condition,
    EnumLiteral,
    Not,
    Operand,
    Property,
)

Row = dict[str, Any]

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
    "tolower": lambda text: text.lower(),
    "toupper": lambda text: text.upper(),
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}


def select_rows(rows: Iterable[Row], query_string: str) -> JsonObject:
    """`value`, and `@odata.count` if requested; raises `ODataError` 400 for options that do not fit the rows."""
    options = parse_options(query_string)
    found = list(rows)
    if "$filter" in options:
        condition = parse_filter(options["$filter"], frozenset(FUNCTIONS))
        found = [row for row in found if _is_true(condition, row)]
    for part in reversed([part for part in options.get("$orderby", "").split(",") if part.strip()]):
        name, *direction = part.split()
        found.sort(key=lambda row, name=name: _value(row, name), reverse=direction == ["desc"])  # type: ignore[misc]
    body: JsonObject = {"@odata.count": len(found)} if options.get("$count", "").lower() == "true" else {}
    start = _whole(options.get("$skip", "0"))
    end = start + _whole(options["$top"]) if "$top" in options else None
    return body | {"value": [select_properties(row, options) for row in found[start:end]]}


def select_properties(row: Row, options: Mapping[str, str]) -> Row:
    """The row with the properties that `$select` names."""
    names = [name.strip() for name in options.get("$select", "*").split(",")]
    return row if "*" in names else {name: _value(row, name) for name in names}


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise invalid_query(f"Invalid value '{text}': a whole number is needed.")
    return int(text)


def _value(row: Row, name: str) -> Any:
    if name not in row:
        raise invalid_query(f"Could not find a property named '{name}'.")
    return row[name]


def _is_true(condition: Condition, row: Row) -> bool:
    match condition:
        case Comparison(field, operator, value):
            return _compared(operator, _value(row, field), _plain(value))
        case Computed(left, operator, right):
            return _compared(operator, _operand(left, row), _operand(right, row))
        case Call():
            return bool(_operand(condition, row))
        case Not(inner):
            return not _is_true(inner, row)
        case All(parts):
            return all(_is_true(part, row) for part in parts)
        case AnyOf(parts):
            return any(_is_true(part, row) for part in parts)


def _operand(operand: Operand, row: Row) -> Any:
    match operand:
        case Property(name):
            return _value(row, name)
        case Call(function, arguments):
            return _called(function, [_operand(one, row) for one in arguments])
        case str() | bool() | int() | float() | datetime() | EnumLiteral() | None:
            return _plain(operand)
        case _:
            raise invalid_query("Arithmetic is not supported here.")


def _plain(value: Any) -> Any:
    return value.symbol if isinstance(value, EnumLiteral) else value


def _called(function: str, arguments: list[Any]) -> Any:
    try:
        return FUNCTIONS[function](*arguments)
    except (TypeError, AttributeError) as error:
        raise invalid_query(f"The arguments of '{function}' do not fit.") from error


def _compared(operator: str, left: Any, right: Any) -> bool:
    try:
        return _COMPARE[operator](left, right)
    except TypeError as error:
        raise invalid_query("A binary operator with incompatible types was detected.") from error
