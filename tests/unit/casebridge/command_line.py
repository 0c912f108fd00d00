"""One call of the command line, in this process."""

import sys
from collections.abc import Callable

import pytest

from casebridge.__main__ import main


class Run:
    """One call of the command line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", ["casebridge", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        self.code = ended.value.code or 0
        self.out, self.err = capsys.readouterr()


CommandLine = Callable[..., Run]
