"""A disk that is full ends no supervision: what it keeps from being written is written later, or nowhere."""

import errno
import io
from pathlib import Path

import pytest

from casebridge.output import Progress
from casebridge.parts import Plan
from casebridge.stack import Stack


class Full(io.StringIO):
    """A stream on a full disk."""

    def flush(self) -> None:
        """Fail as the kernel does."""
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_line_that_cannot_be_printed_ends_nothing() -> None:
    Progress(Full()).say("postgres", "ready")


def test_a_state_that_cannot_be_saved_is_named_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save(_folder: Path, _state: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("casebridge.stack.save", save)
    said = io.StringIO()
    Stack(Plan(tmp_path, {}, {}, "console"), Progress(said), echo_logs=False)._save()
    assert "No space left on device" in said.getvalue()
