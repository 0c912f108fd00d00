"""What people type and what others wrote: no stack trace, and nothing that commands the terminal."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from casebridge.output import render_table, write_error
from tests.support.patience import PATIENCE
from tests.unit.casebridge.command_line import CommandLine
from tests.unit.casebridge.service import Service

# Clears the screen, sets the title, deletes a character, runs backwards; and half a surrogate pair.
ODD = "\x1b[2J\x1b]0;x\x07\x9b2J\x7f\u202eabc\ud800\rover"


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_what_would_command_the_terminal_is_shown(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(Service, "more", {"payload": {"notes": ODD, ODD: "é\u00a0!"}, "detail": f"one\r\ntwo {ODD}"})
    run = casebridge("queue", "show", "W1-1", *arguments)
    assert run.code == 0
    assert not set(run.out) & set("\x1b\x07\x9b\x7f\u202e\ud800\r")
    assert "\\u001b[2J" in run.out
    assert "é\u00a0!" in run.out
    if arguments:
        assert json.loads(run.out)["payload"]["notes"] == ODD


def test_a_table_shows_it_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    render_table(["detail"], [[ODD]])
    write_error(ODD)
    shown_there = capsys.readouterr()
    for text in shown_there:
        assert "\\u001b[2J" in text
        assert "\x1b" not in text


@pytest.mark.parametrize(
    ("reason", "payload"), [("\udce9t\udce9", "{}"), ("why", '{"notes": "\\ud800"}'), ("why", '{"number": NaN}')]
)
def test_what_cannot_be_sent_is_one_sentence(
    casebridge: CommandLine, tmp_path: Path, reason: str, payload: str
) -> None:
    file = tmp_path / "payload.json"
    file.write_text(payload)
    refused = casebridge("queue", "replay", "W1-1", "--reason", reason, "--payload", str(file))
    assert (refused.code, refused.err.count("\n"), Service.seen) == (2, 1, [])
    assert "cannot be sent" in refused.err


def test_a_token_with_odd_characters_is_named(casebridge: CommandLine) -> None:
    refused = casebridge("queue", "list", "--token", "töken")
    assert (refused.code, refused.err.count("\n"), "--token" in refused.err) == (2, 1, True)
    assert "töken" not in refused.err


def test_a_terminal_that_lacks_a_character_gets_its_number(
    casebridge: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Service, "more", {"detail": "Þór 日本"})
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="latin-1"))
    assert casebridge("queue", "show", "W1-1").code == 0
    sys.stdout.flush()
    assert "Þór \\u65e5\\u672c".encode("latin-1") in written.getvalue()


def test_logs_end_when_nobody_reads_them(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/case-api.log").write_text("first\nsecond\n")
    command = [sys.executable, "-m", "casebridge", "logs", "--follow", "--data-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
        assert following.stdout
        assert following.stderr
        assert "first" in following.stdout.readline()
        following.stdout.close()
        try:
            assert following.wait(timeout=10 * PATIENCE) == 1
        finally:
            following.kill()
        assert following.stderr.read() == ""
