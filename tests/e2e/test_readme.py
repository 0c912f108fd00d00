"""The commands that the README gives a new user work on the running stack."""

from pathlib import Path

from tests.support.documents import ROOT, blocks, run_shell
from tests.support.stack import Stack


def test_the_commands_by_hand_work(stack: Stack, tmp_path: Path) -> None:
    by_hand = blocks(ROOT / "README.md", "sh", below="The same by hand:")[0]
    run = run_shell(stack, by_hand.replace("curl ", "curl -fsS "), tmp_path)
    assert '"items"' in run.stdout
    assert "adds_up" in run.stdout
