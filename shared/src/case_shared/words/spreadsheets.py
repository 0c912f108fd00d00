"""CSV (RFC 4180) that spreadsheets open as intended: the reader's separator, times they recognize, no formulas.

A spreadsheet splits lines by the separator of its own language, whatever the file uses; it then reads a quote within
a cell as a character, and a line break in a text ends the row. So each place where a cell may start after any such
split is made safe (https://owasp.org/www-community/attacks/CSV_Injection).
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from case_shared.words.languages import accepted_languages, language_of

Cell = str | int | datetime | None
_MARK = "\N{BOM}"
# What may precede a formula without keeping a spreadsheet from running it.
_SKIPPED = r"(?:[^\S\t\r\n]|[\"\u200b-\u200f\u2060\ufeff])*"
_FORMULA = re.compile(rf"\A(?=[\t\r\n])|(?:\A|(?<=[,;\t\r\n]))(?={_SKIPPED}[=+\-@\uff1d\uff0b\uff0d\uff20])")


class Separator(StrEnum):
    """The separator between the cells of a line."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"

    @property
    def character(self) -> str:
        """The character itself."""
        return {Separator.COMMA: ",", Separator.SEMICOLON: ";", Separator.TAB: "\t"}[self]


# Languages that write decimals with a comma; their spreadsheets separate cells with a semicolon.
_SEMICOLON = frozenset(
    {
        "bg", "cs", "da", "de", "el", "et", "fi", "fr", "hr", "hu", "is", "it", "lt", "lv", "nb", "nl", "nn", "no",
        "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr", "uk",
    }
)  # fmt: skip


def separator_of(accept_language: str) -> Separator:
    """Return the separator of spreadsheets in the language that a request prefers; a comma if it prefers none."""
    tags = accepted_languages(accept_language)
    semicolon = bool(tags) and language_of(tags[0]) in _SEMICOLON
    return Separator.SEMICOLON if semicolon else Separator.COMMA


@dataclass(frozen=True, slots=True)
class Spreadsheet:
    """Rows as bytes of a file; times are in `zone`."""

    separator: Separator
    zone: ZoneInfo

    def header(self, columns: Iterable[str], times: frozenset[str]) -> bytes:
        """Return the first line, after a byte order mark; columns in `times` name the zone of their times."""
        names = [f"{column} ({self.zone.key})" if column in times else column for column in columns]
        return (_MARK + self._written([names])).encode()

    def lines(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        """Return one line per row."""
        return self._written([[self._shown(cell) for cell in row] for row in rows]).encode()

    def _shown(self, cell: Cell) -> str:
        if cell is None:
            return ""
        if isinstance(cell, datetime):
            return cell.astimezone(self.zone).replace(tzinfo=None).isoformat(" ", "seconds")
        return without_formulas(cell) if isinstance(cell, str) else str(cell)

    def _written(self, rows: Iterable[Sequence[str]]) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.separator.character, lineterminator="\r\n").writerows(rows)
        return text.getvalue()


def without_formulas(text: str) -> str:
    """Return `text` with an apostrophe wherever a spreadsheet could start to read a formula."""
    return _FORMULA.sub("'", text)
