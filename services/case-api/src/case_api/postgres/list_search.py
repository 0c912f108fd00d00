"""What was typed, in SQL: the condition on a case, and what of it each index can find."""

import itertools
import re
from collections.abc import Callable
from typing import Any

from case_api.domain.list_query import ANYWHERE_FROM, Search
from case_api.postgres.list_order import CREATOR, IDS, STATUS, STATUSES
from case_shared.identifiers import CONFUSED

Argument = Callable[[Any], str]
_TELLING = 6
_GREATEST = "\U0010ffff"
# The dealer's users who are found.
USERS = """
WITH creators AS MATERIALIZED (
    SELECT name FROM case_creators WHERE dealer = {dealer} AND name LIKE {pattern}::text
)"""


def condition(search: Search, argument: Argument) -> str:
    """What a case must be that is found by its ids, its creator or its status."""
    users = argument(user_pattern(search))
    statuses = argument([STATUSES.index(status) for status in search.statuses])
    of_others = f"{STATUS} = ANY ({statuses}::smallint[]) OR {CREATOR} LIKE {users}::text"
    return f"({of_others} OR {condition_on_ids(search, argument)})"


def condition_on_ids(search: Search, argument: Argument) -> str:
    """What a case must be that is found by its ids."""
    patterns = argument([pattern for text in search.ids for pattern in _id_patterns(search, text)])
    return f"{IDS} LIKE ANY ({patterns}::text[])"


def user_pattern(search: Search) -> str:
    """For LIKE on a creator."""
    return f"{'%' if search.anywhere else ''}{_literal(search.text)}%"


def has_in_ids(text: str, argument: Argument) -> str:
    """What a row `c` of case_ids must be that has `text`."""
    telling = _telling(text)
    found = f"c.ids LIKE {argument(f'%{_literal(telling)}%')}::text"
    # The rest of a longer text is looked for where no index is asked for it.
    return found if telling == text else f"{found} AND strpos(c.ids, {argument(text)}::text) > 0"


def beginning_ids(search: Search, dealer: str, argument: Argument) -> str:
    """The rows of case_ids (without creator) whose ids begin with it, as a table; one may be there twice."""
    web_case_ids = [search.text.upper().translate(CONFUSED)]
    case_ids = sorted({variant for text in search.ids for variant in _in_any_case(text)})
    ranges = [
        _range("case_ids", "web_case_id", web_case_ids, dealer, argument),
        _range("cases", "case_id", case_ids, dealer, argument),
    ]
    return f"({' UNION ALL '.join(ranges)})"


def _range(table: str, column: str, beginnings: list[str], dealer: str, argument: Argument) -> str:
    lows, highs = argument(beginnings), argument([text + _GREATEST for text in beginnings])
    # In order, for which there is one index only; of `cases` no more than that index holds.
    return (
        f"(SELECT s.* FROM unnest({lows}::text[], {highs}::text[]) range (low, high) CROSS JOIN LATERAL ("
        "SELECT c.web_case_id, c.dealer, c.created_at, c.case_id"
        f" FROM {table} c WHERE c.dealer = {dealer} AND c.{column} >= range.low AND c.{column} < range.high"
        f" ORDER BY c.{column}) s OFFSET 0)"
    )


def _telling(text: str) -> str:
    """Its end, where that has trigrams: ids that are counted up begin alike, and what most ids have takes long."""
    end = text[-_TELLING:]
    return end if sum(map(str.isalnum, end)) >= ANYWHERE_FROM else text


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
