"""The alert rules use existing metrics, and name existing runbooks."""

import re
from pathlib import Path
from typing import Any

import yaml

from case_shared.database.progress import MUST_MOVE

ROOT = Path(__file__).parents[3]
RULES = ROOT / "deploy/prometheus/alerts.yml"


def declared() -> set[str]:
    """Every metric that a service declares, by the name that Prometheus sees."""
    sources = [*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("shared/src/**/*.py")]
    texts = [source.read_text() for source in sources]
    return {name for text in texts for name in re.findall(r'(?:Gauge|Counter|Histogram)\(\s*"(\w+)"', text)}


def rules() -> list[Any]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def test_the_rules_know_each_thing_that_must_move() -> None:
    (rule,) = [one for one in rules() if "casebridge_progress_bound_seconds" in one["expr"]]
    # No selector, so that it applies to each service and name, now and later.
    assert "{" not in rule["expr"]
    assert re.findall(r"by \((.*?)\)", rule["expr"]) == ["service, name", "service, name"]
    runbook = (ROOT / "docs/runbooks/standing-still.md").read_text()
    rows = set(re.findall(r"^\| `([\w-]+)` \| `(\w+)` \| ([\d,]+) s", runbook, re.MULTILINE))
    assert rows == {(one.service, one.name, f"{one.within_seconds:,.0f}") for one in MUST_MOVE}


def test_rules_ask_for_metrics_and_runbooks_that_exist() -> None:
    asked = {name for rule in rules() for name in re.findall(r"\b(?:casebridge|d365_sync)_\w+", rule["expr"])}
    assert asked <= declared()
    assert "d365_sync_ledger_adds_up" in asked
    runbooks = re.findall(r"docs/runbooks/[\w-]+\.md", RULES.read_text())
    assert [runbook for runbook in runbooks if not (ROOT / runbook).exists()] == []
    assert all(rule["labels"]["severity"] in {"critical", "warning"} for rule in rules())
