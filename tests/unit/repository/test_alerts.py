"""The alert rules ask for metrics that there are, and name runbooks that there are."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
RULES = ROOT / "deploy/prometheus/alerts.yml"


def declared() -> set[str]:
    """Every metric that a service declares, by the name that Prometheus sees."""
    sources = [*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("shared/src/**/*.py")]
    texts = [source.read_text() for source in sources]
    return {name for text in texts for name in re.findall(r'(?:Gauge|Counter|Histogram)\(\s*"(\w+)"', text)}


def test_rules_ask_for_metrics_and_runbooks_that_exist() -> None:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    asked = {name for rule in rules for name in re.findall(r"\b(?:casebridge|d365_sync)_\w+", rule["expr"])}
    assert asked <= declared()
    assert "d365_sync_ledger_adds_up" in asked
    runbooks = re.findall(r"docs/runbooks/[\w-]+\.md", RULES.read_text())
    assert [runbook for runbook in runbooks if not (ROOT / runbook).exists()] == []
    assert all(rule["labels"]["severity"] in {"critical", "warning"} for rule in rules)
