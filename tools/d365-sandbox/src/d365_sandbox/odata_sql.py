"""A parsed `$filter` as a SQL condition: columns come only from the entity, every value is a parameter."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from d365_sandbox.entities import EntitySet, Field, Kind
from d365_sandbox.odata_arithmetic import operand_sql
from d365_sandbox.odata_errors import NAMESPACE, invalid_query
from d365_sandbox.odata_tree import All, AnyOf, Call, Comparison, Computed, Condition, EnumLiteral, Not

OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
Parameter = str | int | float


@dataclass(slots=True)
class Where:
    """A SQL condition with its parameters, in order."""

    sql: str
    parameters: list[Parameter] = field(default_factory=list)


def to_sql(condition: Condition, entity: EntitySet) -> Where:
    """The condition in SQL; raises `ODataError` 400 for unknown properties and operands of the wrong type."""
    match condition:
        case Comparison():
            return _comparison(condition, entity)
        case Computed(left, operator, right):
            (first, values), (second, more) = operand_sql(left, entity), operand_sql(right, entity)
            return Where(f"{first} {OPERATORS[operator]} {second}", [*values, *more])
        case Call(function):
            raise invalid_query(f"The function '{function}' is not supported.")
        case Not(inner):
            where = to_sql(inner, entity)
            return Where(f"NOT ({where.sql})", where.parameters)
        case All(conditions):
            return join("AND", [to_sql(part, entity) for part in conditions])
        case AnyOf(conditions):
            return _any(conditions, entity)


def join(word: str, parts: list[Where]) -> Where:
    """Conditions joined by AND or OR; without any, a condition that is always true."""
    if not parts:
        return Where("TRUE")
    if len(parts) == 1:
        return parts[0]
    sql = f" {word} ".join(f"({part.sql})" for part in parts)
    return Where(sql, [parameter for part in parts for parameter in part.parameters])


def _any(conditions: tuple[Condition, ...], entity: EntitySet) -> Where:
    """Join by OR, with one IN list per field: a look-up names many IDs, which then use the index and one plan."""
    listed: dict[str, list[Parameter]] = {}
    rest: list[Where] = []
    for condition in _flat(conditions):
        if isinstance(condition, Comparison) and _is_plain_equal(condition):
            column = entity.queried(condition.field)
            listed.setdefault(column.name, []).append(_parameter(condition, column))
        else:
            rest.append(to_sql(condition, entity))
    lists = [Where(f"{name} IN ({', '.join('?' * len(values))})", values) for name, values in listed.items()]
    return join("OR", [*lists, *rest])


def _flat(conditions: tuple[Condition, ...]) -> Iterator[Condition]:
    for condition in conditions:
        if isinstance(condition, AnyOf):
            yield from _flat(condition.conditions)
        else:
            yield condition


def _is_plain_equal(condition: Comparison) -> bool:
    return condition.operator == "eq" and not (isinstance(condition.value, str) and "*" in condition.value)


def _comparison(comparison: Comparison, entity: EntitySet) -> Where:
    column = entity.queried(comparison.field)
    value = comparison.value
    if isinstance(value, str) and "*" in value and comparison.operator in ("eq", "ne"):
        negation = "NOT " if comparison.operator == "ne" else ""
        return Where(f"{column.name} {negation}LIKE ? ESCAPE '\\'", [_like(value)])
    return Where(f"{column.name} {OPERATORS[comparison.operator]} ?", [_parameter(comparison, column)])


def _like(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")


def _parameter(comparison: Comparison, column: Field) -> Parameter:
    value = comparison.value
    if value is None:
        return column.empty
    if column.kind is Kind.STRING and isinstance(value, str):
        return value
    if column.kind is Kind.REC_ID and isinstance(value, int) and not isinstance(value, bool):
        return value
    if column.kind is Kind.DATETIME and isinstance(value, datetime):
        return value.timestamp()
    if column.kind is Kind.ENUM and isinstance(value, EnumLiteral):
        return _symbol(value, column, comparison.operator)
    raise invalid_query(
        f"A binary operator with incompatible types was detected: '{column.name}' is '{column.edm_type}', "
        f"the literal is not, for operator '{comparison.operator}'."
    )


def _symbol(value: EnumLiteral, column: Field, operator: str) -> str:
    if operator not in ("eq", "ne"):
        raise invalid_query(f"The operator '{operator}' is not supported on the enumeration '{column.edm_type}'.")
    if value.type_name != f"{NAMESPACE}.{column.enum}" or value.symbol not in column.symbols:
        raise invalid_query(f"'{value.type_name}' '{value.symbol}' is not a member of '{column.edm_type}'.")
    return value.symbol
