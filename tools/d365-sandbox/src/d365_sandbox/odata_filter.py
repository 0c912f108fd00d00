"""`$filter` as F&O knows it: a tokenizer and a recursive-descent parser that ends in a small tree.

Grammar: or := and {"or" and}; and := unary {"and" unary}; unary := "not" unary | "(" or ")" | operand op operand.
`has`, `in`, functions and arithmetic are refused, as F&O documents ("contains" is `eq '*text*'`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from d365_sandbox.odata_errors import ODataError, invalid_query

MAX_DEPTH = 100
COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
FLIPPED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}

TOKEN = re.compile(
    r"""\s*(?:
      (?P<enum>[A-Za-z_][\w.]*\.\w+'(?:[^']|'')*')
    | (?P<string>'(?:[^']|'')*')
    | (?P<datetime>\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?:Z|[+-]\d{2}:\d{2}))?)
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<word>[A-Za-z_$@][\w.]*)
    | (?P<punctuation>[(),/])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class EnumLiteral:
    """`Namespace.Type'Symbol'`."""

    type_name: str
    symbol: str


Literal = str | float | bool | datetime | EnumLiteral | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A property against a literal."""

    field: str
    operator: str
    value: Literal


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


Condition = Comparison | Not | All | AnyOf


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class _Property:
    name: str


def parse_filter(text: str) -> Condition:
    """The tree of a `$filter`; raises `ODataError` 400 that names the position."""
    return _Parser(text).parse()


def _tokens(text: str) -> list[_Token]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _syntax_error(text, position)
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        position = match.end()
    return [*tokens, _Token("end", "", end)]


def _syntax_error(text: str, position: int) -> ODataError:
    return invalid_query(f"Syntax error at position {position} in '{text[:200]}'.")


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._index = 0
        self._depth = 0

    def parse(self) -> Condition:
        condition = self._or()
        if self._next.kind != "end":
            raise self._refuse_rest()
        return condition

    @property
    def _next(self) -> _Token:
        return self._tokens[self._index]

    def _take(self) -> _Token:
        token = self._next
        self._index += 1
        return token

    def _accept(self, text: str) -> bool:
        if self._next.kind in ("word", "punctuation") and self._next.text == text:
            self._index += 1
            return True
        return False

    def _refuse_rest(self) -> ODataError:
        return _syntax_error(self._text, self._next.position)

    def _or(self) -> Condition:
        conditions = self._chain("or", self._and)
        return conditions[0] if len(conditions) == 1 else AnyOf(conditions)

    def _and(self) -> Condition:
        conditions = self._chain("and", self._unary)
        return conditions[0] if len(conditions) == 1 else All(conditions)

    def _chain(self, word: str, part: Callable[[], Condition]) -> tuple[Condition, ...]:
        conditions = [part()]
        while self._accept(word):
            conditions.append(part())
        return tuple(conditions)

    def _unary(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise invalid_query(f"The recursion limit of {MAX_DEPTH} was exceeded.")
        condition = self._nested()
        self._depth -= 1
        return condition

    def _nested(self) -> Condition:
        if self._accept("not"):
            return Not(self._unary())
        if not self._accept("("):
            return self._comparison()
        condition = self._or()
        if not self._accept(")"):
            raise self._refuse_rest()
        return condition

    def _comparison(self) -> Comparison:
        left = self._operand()
        operator = self._operator()
        right = self._operand()
        if isinstance(left, _Property) and not isinstance(right, _Property):
            return Comparison(left.name, operator, right)
        if isinstance(right, _Property) and not isinstance(left, _Property):
            return Comparison(right.name, FLIPPED[operator], left)
        raise invalid_query("A comparison needs one property and one literal.")

    def _operator(self) -> str:
        token = self._take()
        if token.text in ("has", "in"):
            raise invalid_query(f"The operator '{token.text}' is not supported.")
        if token.kind != "word" or token.text not in COMPARISONS:
            raise _syntax_error(self._text, token.position)
        return token.text

    def _operand(self) -> "_Property | Literal":
        token = self._take()
        if token.kind == "word":
            return self._word(token)
        try:
            return _LITERALS[token.kind](token.text)
        except (KeyError, ValueError) as error:
            raise _syntax_error(self._text, token.position) from error

    def _word(self, token: _Token) -> "_Property | Literal":
        if token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        if self._next.text == "(":
            raise invalid_query(f"The function '{token.text}' is not supported.")
        return _Property(token.text)


def _string(text: str) -> str:
    return text[1:-1].replace("''", "'")


def _enum(text: str) -> EnumLiteral:
    type_name, _, quoted = text.partition("'")
    return EnumLiteral(type_name, _string("'" + quoted))


def _datetime(text: str) -> datetime:
    moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d", r"\1", text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_CONSTANTS: dict[str, Literal] = {"null": None, "true": True, "false": False}
_LITERALS: dict[str, Callable[[str], Literal]] = {
    "string": _string,
    "number": float,
    "datetime": _datetime,
    "enum": _enum,
}
