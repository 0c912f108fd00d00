"""What a live environment refuses in a valid `$filter`: comparing texts by order, and too many nodes."""

from collections.abc import Iterator

from d365_sandbox.entities import EntitySet, Kind
from d365_sandbox.odata_errors import invalid_query
from d365_sandbox.odata_tree import (
    All,
    AnyOf,
    Arithmetic,
    Call,
    Comparison,
    Computed,
    Condition,
    Not,
    Operand,
    Property,
)
from d365_sandbox.setup import Setup

RELATIONAL = frozenset({"gt", "ge", "lt", "le"})
# The operator, the property, its record, and the literal; a conversion if the property may be null
COMPARISON_NODES = 4
CONVERTED = frozenset({Kind.DATETIME, Kind.REC_ID, Kind.ENUM})


def check_limits(condition: Condition, entity: EntitySet, setup: Setup) -> None:
    """Raises `ODataError` 400 for what a live environment refuses."""
    for comparison in comparisons(condition):
        is_text = entity.queried(comparison.field).kind is Kind.STRING
        if is_text and comparison.operator in RELATIONAL and not setup.text_comparison:
            raise invalid_query(
                "A binary operator with incompatible types was detected. Found operand types 'Edm.String' and "
                f"'Edm.String' for operator kind '{OPERATOR_KINDS[comparison.operator]}'."
            )
    if setup.max_filter_nodes and count_nodes(condition, entity) > setup.max_filter_nodes:
        raise invalid_query(
            f"The node count limit of '{setup.max_filter_nodes}' has been exceeded. To increase the limit, set the "
            "'MaxNodeCount' property on EnableQueryAttribute or ODataValidationSettings."
        )


OPERATOR_KINDS = {
    "gt": "GreaterThan",
    "ge": "GreaterThanOrEqual",
    "lt": "LessThan",
    "le": "LessThanOrEqual",
}


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Every comparison of a property with a literal in a condition."""
    match condition:
        case Comparison():
            yield condition
        case Not(inner):
            yield from comparisons(inner)
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons(part)
        case Computed() | Call():
            return


def count_nodes(condition: Condition, entity: EntitySet) -> int:
    """The nodes as Microsoft's OData library counts them: 20 comparisons of text, joined by `or`, have 99."""
    match condition:
        case Comparison():
            return COMPARISON_NODES + (entity.field(condition.field).kind in CONVERTED)
        case Computed(left, _, right):
            return 1 + _count_operand(left) + _count_operand(right)
        case Call():
            return 1
        case Not(inner):
            return 1 + count_nodes(inner, entity)
        case All(parts) | AnyOf(parts):
            return len(parts) - 1 + sum(count_nodes(part, entity) for part in parts)


def _count_operand(operand: Operand) -> int:
    match operand:
        case Property():
            return 2
        case Arithmetic(_, left, right):
            return 1 + _count_operand(left) + _count_operand(right)
        case _:
            return 1
