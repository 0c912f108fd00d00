"""The command line, with a small service."""

from collections.abc import Iterator

import pytest

from tests.unit.casebridge.command_line import CommandLine, Run
from tests.unit.casebridge.service import serving


@pytest.fixture
def service() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def casebridge(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], service: str) -> CommandLine:
    monkeypatch.setenv("CASEBRIDGE_URL", service)
    monkeypatch.setenv("CASEBRIDGE_TOKEN", "secret")
    return lambda *arguments: Run(monkeypatch, capsys, *arguments)
