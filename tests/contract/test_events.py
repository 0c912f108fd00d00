"""The committed AsyncAPI document matches the models, and a change that breaks subscribers is refused."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import validate

from case_shared.kafka.asyncapi import document, incompatibilities
from tests.unit.case_shared.test_events import SUBMITTED

COMMITTED = Path(__file__).parents[2] / "docs" / "events" / "asyncapi.json"


def test_the_committed_document_is_current() -> None:
    committed = json.loads(COMMITTED.read_text())
    assert committed == document(), "run: python -m case_shared.kafka.asyncapi docs/events/asyncapi.json"


def test_an_event_fits_its_schema() -> None:
    schema = document()["channels"]["case.submitted.v1"]["messages"]["CaseSubmitted"]["payload"]
    validate(SUBMITTED.model_dump(mode="json"), schema)


def submitted(changed: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = changed["channels"]["case.submitted.v1"]["messages"]["CaseSubmitted"]["payload"]
    return payload


def a_field_is_gone(changed: dict[str, Any]) -> None:
    del submitted(changed)["properties"]["dealer"]


def a_type_has_changed(changed: dict[str, Any]) -> None:
    submitted(changed)["properties"]["submission_no"]["type"] = "string"


def a_field_may_be_missing(changed: dict[str, Any]) -> None:
    submitted(changed)["required"].remove("content")


def a_channel_is_gone(changed: dict[str, Any]) -> None:
    del changed["channels"]["case.delivery.v1"]


@pytest.mark.parametrize("change", [a_field_is_gone, a_type_has_changed, a_field_may_be_missing, a_channel_is_gone])
def test_what_breaks_a_subscriber_is_found(change: Any) -> None:
    changed = copy.deepcopy(document())
    change(changed)
    assert list(incompatibilities(document(), changed))


def test_a_new_optional_field_breaks_nobody() -> None:
    changed = copy.deepcopy(document())
    submitted(changed)["properties"]["added"] = {"type": "string"}
    assert list(incompatibilities(document(), changed)) == []


def test_the_command_refuses_to_write_a_breaking_change(tmp_path: Path) -> None:
    released = copy.deepcopy(document())
    submitted(released)["properties"]["needed"] = {"type": "string"}
    path = tmp_path / "asyncapi.json"
    path.write_text(json.dumps(released))
    run = subprocess.run(
        [sys.executable, "-m", "case_shared.kafka.asyncapi", str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "needed is missing" in run.stderr
    assert json.loads(path.read_text()) == released
