"""`$filter` as F&O supports it: a tokenizer, and a precedence parser that builds a small tree.

Refuses `has`, `in` and functions, as F&O documents ("contains" is `eq '*text*'`); the metadata service, an OData
implementation of its own, supports some functions.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from d365_sandbox.odata_errors import ODataError, invalid_query
from d365_sandbox.odata_tree import (
    CONDITIONS,
    All,
    AnyOf,
    Arithmetic,
    Call,
    Comparison,
    Computed,
    Condition,
    EnumLiteral,
    Literal,
    Not,
    Operand,
    Property,
)

MAX_DEPTH = 100
COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")
FLIPPED = {"eq": "eq", "ne": "ne", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_PRECEDENCE = {"or": 1, "and": 2, **dict.fromkeys(COMPARISONS, 3), "add": 4, "sub": 4}
_PRECEDENCE |= dict.fromkeys(("mul", "div", "divby", "mod"), 5)

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
class _Token:
    kind: str
    text: str
    position: int


_Node = Condition | Operand


def parse_filter(text: str, functions: frozenset[str] = frozenset()) -> Condition:
    """The tree of a `$filter` that may call these functions; raises `ODataError` 400 with the position."""
    return _Parser(text, functions).parse()


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
    def __init__(self, text: str, functions: frozenset[str]) -> None:
        self._text = text
        self._functions = functions
        self._tokens = _tokens(text)
        self._index = 0
        self._depth = 0

    def parse(self) -> Condition:
        node = self._expression()
        if self._next.kind != "end":
            raise self._refuse_rest()
        return self._condition(node)

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

    def _expression(self, lowest: int = 1) -> _Node:
        """The expression up to the next operator that binds less than `lowest`."""
        left = self._nested()
        while self._binding() >= lowest:
            operator = self._take().text
            left = self._combine(left, operator, self._expression(_PRECEDENCE[operator] + 1))
        return left

    def _binding(self) -> int:
        token = self._next
        if token.kind == "word" and token.text in ("has", "in"):
            raise invalid_query(f"The operator '{token.text}' is not supported.")
        return _PRECEDENCE.get(token.text, 0) if token.kind == "word" else 0

    def _combine(self, left: _Node, operator: str, right: _Node) -> _Node:
        if operator == "or":
            return AnyOf((*_parts(left, AnyOf, self._condition), self._condition(right)))
        if operator == "and":
            return All((*_parts(left, All, self._condition), self._condition(right)))
        if operator in COMPARISONS:
            return _compare(self._operand(left), operator, self._operand(right))
        return Arithmetic(operator, self._operand(left), self._operand(right))

    def _condition(self, node: _Node) -> Condition:
        if isinstance(node, CONDITIONS):
            return node
        raise self._refuse_rest()

    def _operand(self, node: _Node) -> Operand:
        if isinstance(node, CONDITIONS) and not isinstance(node, Call):
            raise self._refuse_rest()
        return node

    def _nested(self) -> _Node:
        if self._next.text not in ("not", "("):
            return self._single()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise invalid_query(f"The recursion limit of {MAX_DEPTH} was exceeded.")
        if self._take().text == "not":
            node: _Node = Not(self._condition(self._expression(_PRECEDENCE["and"] + 1)))
        else:
            node = self._expression()
            if not self._accept(")"):
                raise self._refuse_rest()
        self._depth -= 1
        return node

    def _single(self) -> _Node:
        token = self._take()
        if token.kind == "word":
            return self._word(token)
        try:
            return _LITERALS[token.kind](token.text)
        except (KeyError, ValueError) as error:
            raise _syntax_error(self._text, token.position) from error

    def _word(self, token: _Token) -> _Node:
        if token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        if self._next.text != "(":
            return Property(token.text)
        if token.text not in self._functions:
            raise invalid_query(f"The function '{token.text}' is not supported.")
        return self._call(token.text)

    def _call(self, name: str) -> Call:
        self._take()
        arguments = [self._operand(self._expression())]
        while self._accept(","):
            arguments.append(self._operand(self._expression()))
        if not self._accept(")"):
            raise self._refuse_rest()
        return Call(name, tuple(arguments))


def _parts(
    node: _Node, chain: type[AnyOf] | type[All], condition: Callable[[_Node], Condition]
) -> tuple[Condition, ...]:
    return node.conditions if isinstance(node, chain) else (condition(node),)


def _compare(left: Operand, operator: str, right: Operand) -> Condition:
    if any(isinstance(side, Arithmetic | Call) for side in (left, right)):
        return Computed(left, operator, right)
    if isinstance(left, Property) and not isinstance(right, Property | Arithmetic | Call):
        return Comparison(left.name, operator, right)
    if isinstance(right, Property) and not isinstance(left, Property | Arithmetic | Call):
        return Comparison(right.name, FLIPPED[operator], left)
    raise invalid_query("A comparison needs one property and one literal.")


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
    "number": lambda text: float(text) if "." in text else int(text),
    "datetime": _datetime,
    "enum": _enum,
}
