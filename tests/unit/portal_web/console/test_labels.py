"""The console has labels for everything that the API can say."""

import re
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

import pytest

from case_shared.words.events import Outcome
from d365_sync.domain.document import Action, Alarm, AttemptKind, Cause, Finding, State
from d365_sync.domain.flow import Kind, StageName
from d365_sync.domain.permissions import Obstacle
from d365_sync.domain.replay import ReplayAction, ReplayOutcome, ReplayState
from d365_sync.web.window_models import WindowState
from portal_web.web.console import labels

SQL = Path(str(files("d365_sync"))) / "postgres/sql"
ENTRY = re.compile(r"INSERT INTO audit \([^)]*\)\s+SELECT(.*?)(?:\bFROM\b|\Z)", re.DOTALL)
ACTION = re.compile(r"'([a-z0-9_]+)'")


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        (labels.STATES, State),
        (labels.STATE_ICONS, State),
        (labels.CAUSES, Cause),
        (labels.STAGES, StageName),
        (labels.STAGE_HINTS, StageName),
        (labels.RATES, StageName),
        (labels.FAILURES, StageName),
        (labels.CONCERNS, Kind),
        (labels.ACTIONS, Action),
        (labels.ALARMS, Alarm),
        (labels.CONSEQUENCES, Action),
        (labels.OBSTACLES, Obstacle),
        (labels.REPLAY_STATES, ReplayState),
        (labels.OUTCOMES, [*Outcome, *Finding, *ReplayOutcome]),
        (labels.KINDS, AttemptKind),
        (labels.WINDOW_STATES, WindowState),
    ],
)
def test_each_code_has_a_word(known: dict[str, str], codes: Iterable[str]) -> None:
    assert set(known) == set(codes)


def test_a_concern_that_has_a_page_is_one_that_there_is() -> None:
    assert set(labels.CONCERN_PAGES) <= set(Kind)


def test_each_action_in_the_audit_has_a_word() -> None:
    """The statements that write the audit name its actions; a replay's are those of `ReplayAction`."""
    statements = (one.read_text() for one in SQL.glob("*.sql"))
    written = {word for text in statements for entry in ENTRY.findall(text) for word in ACTION.findall(entry)}
    assert "deliver_again" in written
    assert set(labels.AUDIT_ACTIONS) == {*written, *(f"{action}_replay" for action in ReplayAction)} - {"_replay"}
