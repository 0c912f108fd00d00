"""The tables that the list finds cases in, and what each calls what `cases` calls otherwise (ADR 0016)."""

from enum import Enum
from typing import NamedTuple

from case_api.postgres.list_order import CREATOR, STATUS


class Names(Enum):
    """What a table calls what `cases c` calls otherwise."""

    CASES = ()
    IDS = ((CREATOR, "c.creator"),)
    STATUSES = ((STATUS, "x.status"), (CREATOR, "x.creator"), ("c.", "x."))

    def of(self, text: str) -> str:
        """What is said of a case, said of its row in this table."""
        for name, here in self.value:
            text = text.replace(name, here)
        return text


JOIN_CASES = {Names.CASES: " JOIN cases c USING (web_case_id)", Names.STATUSES: ""}


class Source(NamedTuple):
    """A table of cases (or of their rows in a side table), and the conditions that all in it meet."""

    table: str
    met: frozenset[str] = frozenset()
    names: Names = Names.CASES
    where: str = "true"

    def select(self, columns: str, conditions: str) -> str:
        """`columns` of those that meet `conditions` (and what may follow these), told of a case `c`."""
        return f"SELECT {self.names.of(columns)} FROM {self.table} WHERE {self.where} AND {self.names.of(conditions)}"
