"""The tree of a parsed `$filter`."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class EnumLiteral:
    """`Namespace.Type'Symbol'`."""

    type_name: str
    symbol: str


Literal = str | int | float | bool | datetime | EnumLiteral | None


@dataclass(frozen=True, slots=True)
class Property:
    """A property by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left add right`, and the other five."""

    operator: str
    left: "Operand"
    right: "Operand"


@dataclass(frozen=True, slots=True)
class Call:
    """A function call, for the metadata service."""

    function: str
    arguments: tuple["Operand", ...]


Operand = Property | Arithmetic | Call | Literal


@dataclass(frozen=True, slots=True)
class Comparison:
    """A property compared with a literal."""

    field: str
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Computed:
    """A comparison with arithmetic or a function in it."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class All:
    """Every one of these (`and`)."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these (`or`)."""

    conditions: tuple["Condition", ...]


Condition = Comparison | Computed | Call | Not | All | AnyOf
CONDITIONS = (Comparison, Computed, Call, Not, All, AnyOf)
