"""What was typed, in SQL: the condition on a case, and what of it each index can find."""

import itertools
import re
from collections.abc import Callable
from typing import Any

from case_api.domain.list_query import Search
from case_api.postgres.list_order import CREATOR, IDS
from case_shared.identifiers import CONFUSED

Argument = Callable[[Any], str]
_TELLING = 5
_GREATEST = "\U0010ffff"
# The dealer's users who are found.
USERS = """
WITH creators AS MATERIALIZED (
    SELECT name FROM case_creators WHERE dealer = {dealer} AND name LIKE {pattern}::text
)"""


def condition(search: Search, argument: Argument) -> str:
    """What a case must be that is found by its ids, its creator or its status."""
    users, statuses = argument(user_pattern(search)), argument(search.statuses)
    ids = ids_condition(search, argument)
    return f"(c.status = ANY ({statuses}::text[]) OR {CREATOR} LIKE {users}::text OR {ids})"


def ids_condition(search: Search, argument: Argument) -> str:
    """What a case must be that is found by its ids."""
    patterns = argument([pattern for text in search.ids for pattern in _id_patterns(search, text)])
    return f"{IDS} LIKE ANY ({patterns}::text[])"


def user_pattern(search: Search) -> str:
    """For LIKE on a creator."""
    return f"{'%' if search.anywhere else ''}{_literal(search.text)}%"


def anywhere_in_ids(search: Search, dealer: str, argument: Argument) -> str:
    """The rows of searched_cases whose ids have it, as a table; one may be there twice."""
    typed = argument([f"%{_literal(_telling(text))}%" for text in search.ids])
    whole = argument([pattern for text in search.ids for pattern in _id_patterns(search, text)])
    found = f"SELECT s.* FROM searched_cases s WHERE s.dealer = {dealer} AND s.ids LIKE typed.pattern OFFSET 0"
    return (
        f"(SELECT s.* FROM unnest({typed}::text[]) typed (pattern) CROSS JOIN LATERAL ({found}) s"
        f" WHERE s.ids LIKE ANY ({whole}::text[]))"
    )


def beginning_ids(search: Search, dealer: str, argument: Argument) -> list[str]:
    """The cases that have an id that begins with it, as tables `c`; a case may be in several."""
    web_case_id = [search.text.upper().translate(CONFUSED)]
    case_ids = sorted({variant for text in search.ids for variant in _in_any_case(text)})
    return [
        _ranges("web_case_id", web_case_id, dealer, argument),
        _ranges("case_id", case_ids, dealer, argument),
    ]


def _telling(text: str) -> str:
    """The end of the last word: ids that are counted up begin alike, and what most ids have takes long to look up."""
    words = re.findall(r"[a-z0-9]{3,}", text)
    return words[-1][-_TELLING:] if words else text


def _ranges(column: str, beginnings: list[str], dealer: str, argument: Argument) -> str:
    lows, highs = argument(beginnings), argument([text + _GREATEST for text in beginnings])
    # In order, for which there is one index only.
    return (
        f"(SELECT c.* FROM unnest({lows}::text[], {highs}::text[]) range (low, high) CROSS JOIN LATERAL ("
        f"SELECT c.* FROM cases c WHERE c.dealer = {dealer} AND c.{column} >= range.low AND c.{column} < range.high"
        f" ORDER BY c.{column}) c OFFSET 0) c"
    )


def _id_patterns(search: Search, text: str) -> list[str]:
    literal = _literal(text)
    # The ids stand in two lines.
    return [f"%{literal}%"] if search.anywhere else [f"{literal}%", f"%\n{literal}%"]


def _literal(text: str) -> str:
    """`text` for LIKE, standing for itself."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def _in_any_case(text: str) -> list[str]:
    """All that is `text` in lower case; there are few, for it has two letters at most."""
    return [
        "".join(mixed) for mixed in itertools.product(*({one, one.upper()} if one.isalnum() else one for one in text))
    ]
