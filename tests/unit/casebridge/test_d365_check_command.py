"""What `casebridge d365 check` says when it cannot even begin, or cannot keep what it finds."""

import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from case_shared.d365.check.settings_step import CheckSettings, read_settings
from casebridge.__main__ import main
from casebridge.commands.d365_check import inbound_topic, stored_checks


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> CheckSettings:
    """Settings of a D365 that nobody asks; Kafka and the database are not set."""
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "KAFKA_SECURITY_PROTOCOL", "DATABASE_URL", "DATABASE_URL_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "D365_URL": "http://127.0.0.1:1",
        "D365_TOKEN_URL": "http://127.0.0.1:1/token",
        "D365_CLIENT_ID": "casebridge",
        "D365_CLIENT_SECRET": "development-client-secret",
    }.items():
        monkeypatch.setenv(name, value)
    found, problems = read_settings()
    assert found, problems
    return found


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--write"], "name its legal entity with --company, for example --company usmf"),
        (["--data-dir", "{empty}"], "--data-dir {empty}: d365-sync is not running there"),
    ],
)
def test_what_is_missing_is_named_before_anything_is_asked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    given = [one.format(empty=tmp_path) for one in arguments]
    monkeypatch.setattr(sys, "argv", ["casebridge", "d365", "check", *given])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert says.format(empty=tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kafka", "says"),
    [
        ({}, "KAFKA_BOOTSTRAP_SERVERS is not set"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "kafka"}, "KAFKA_BOOTSTRAP_SERVERS: "),
        ({"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092", "KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "KAFKA_SASL_USERNAME"),
    ],
    ids=["missing", "wrong", "contradictory"],
)
def test_why_no_event_can_be_waited_for(
    settings: CheckSettings, monkeypatch: pytest.MonkeyPatch, kafka: dict[str, str], says: str
) -> None:
    for name, value in kafka.items():
        monkeypatch.setenv(name, value)
    found = inbound_topic(settings)
    assert isinstance(found, str)
    assert says in found
    assert "Value error" not in found


@pytest.mark.parametrize("url", ["postgresql://d365_sync:x@127.0.0.1:1/casebridge", "mysql://somewhere"])
async def test_a_database_that_cannot_keep_the_result_is_named_and_delays_nothing(
    settings: CheckSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    async with AsyncExitStack() as stack:
        assert await stored_checks(stack, settings) is None
    assert "the result is not stored: DATABASE_URL: " in capsys.readouterr().err


async def test_a_setting_of_the_database_that_is_wrong_is_named(
    settings: CheckSettings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://d365_sync:x@127.0.0.1:1/casebridge")
    monkeypatch.setenv("DATABASE_POOLER", "session")
    async with AsyncExitStack() as stack:
        assert await stored_checks(stack, settings) is None
    assert "the result is not stored: DATABASE_POOLER: " in capsys.readouterr().err


async def test_without_a_database_nothing_is_stored_and_nothing_said(
    settings: CheckSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    async with AsyncExitStack() as stack:
        assert await stored_checks(stack, settings) is None
    assert capsys.readouterr().err == ""
