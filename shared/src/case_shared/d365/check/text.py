"""The form of a finding's texts."""

from typing import NamedTuple


class Text(NamedTuple):
    """The message, and the remedy: the setting or the D365 form to go to; empty if nothing needs doing."""

    message: str
    remedy: str = ""
