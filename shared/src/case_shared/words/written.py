"""What people write and paste: the same text, without what their programs put around it."""

import re
import unicodedata

_ADDRESS = re.compile(r"<([^<>]+)>$")
_AROUND = " \t\r\n\"'<>,;."


def plain_email(pasted: object) -> object:
    """Return an e-mail address without invisible characters, blanks, `mailto:`, the name before it, or punctuation.

    What is not text stays as it is, for its own validation.
    """
    if not isinstance(pasted, str):
        return pasted
    text = pasted.replace("\N{FULLWIDTH COMMERCIAL AT}", "@")
    text = "".join(one for one in text if unicodedata.category(one) not in {"Cf", "Cc"} or one == "\0").strip()
    if named := _ADDRESS.search(text):
        text = named[1]
    text = text.strip(_AROUND + "\N{NO-BREAK SPACE}")
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0].strip()
    return text


def plain_lines(text: str) -> str:
    """Return the text with only line feeds between its lines, as browsers return a form's text."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
