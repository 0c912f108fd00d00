"""The alert rules ask for metrics that there are, name runbooks that there are, and fire when they should."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from case_shared.database.progress import MUST_MOVE

ROOT = Path(__file__).parents[3]
PROMETHEUS = ROOT / "deploy/prometheus"
RULES = (PROMETHEUS / "alerts.yml", PROMETHEUS / "objectives.yml")
PROMTOOL = shutil.which("promtool") or shutil.which(str(ROOT / ".tools/promtool/usr/bin/promtool"))
_SUFFIX = re.compile(r"_(bucket|count|sum)$")


def declared() -> set[str]:
    """Every metric that a service declares, by the name that Prometheus sees."""
    sources = [*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("shared/src/**/*.py")]
    texts = [source.read_text() for source in sources]
    return {name for text in texts for name in re.findall(r'(?:Gauge|Counter|Histogram)\(\s*"(\w+)"', text)}


def rules() -> list[Any]:
    return [rule for file in RULES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]


def alerts() -> list[Any]:
    return [rule for rule in rules() if "alert" in rule]


def test_the_rules_know_each_thing_that_must_move() -> None:
    (rule,) = [one for one in alerts() if "casebridge_progress_bound_seconds" in one["expr"]]
    # No selector: so it holds for each service and name, now and later.
    assert "{" not in rule["expr"]
    assert re.findall(r"by \((.*?)\)", rule["expr"]) == ["namespace, service, name"] * 2
    runbook = (ROOT / "docs/runbooks/standing-still.md").read_text()
    rows = set(re.findall(r"^\| `([\w-]+)` \| `(\w+)` \| ([\d,]+) s", runbook, re.MULTILINE))
    assert rows == {(one.service, one.name, f"{one.within_seconds:,.0f}") for one in MUST_MOVE}


def test_rules_ask_for_metrics_that_exist() -> None:
    asked = {name for rule in rules() for name in re.findall(r"\b(?:casebridge|d365_sync)_\w+", rule["expr"])}
    assert {name if name in declared() else _SUFFIX.sub("", name) for name in asked} <= declared()
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    assert {name for rule in rules() for name in re.findall(r"\bcasebridge:[\w:]+", rule["expr"])} <= recorded
    assert "d365_sync_ledger_adds_up" in asked


def test_rules_add_nothing_up_across_installations() -> None:
    """Two under one Prometheus differ by their namespace (docs/kubernetes.md)."""
    aggregated = re.compile(r"\b(?:avg|count|group|max|min|sum)\b(?= ?\(| by)(?! by \(namespace[,)])")
    assert {
        rule.get("alert", rule.get("record")): rule["expr"] for rule in rules() if aggregated.search(rule["expr"])
    } == {}


def test_each_alert_has_a_severity_and_a_runbook_that_exists() -> None:
    for alert in alerts():
        assert alert["labels"]["severity"] in {"critical", "warning"}, alert["alert"]
        named = re.findall(r"docs/runbooks/[\w-]+\.md", alert["annotations"]["description"])
        # Those of consumers and dead letters name the API or the command that says more.
        assert named or re.search("GET /v1|casebridge ", alert["annotations"]["description"]), alert["alert"]
        assert [runbook for runbook in named if not (ROOT / runbook).exists()] == []


def test_each_alert_is_found_in_the_runbook_that_it_names() -> None:
    pairs = [
        (alert["alert"], runbook)
        for alert in alerts()
        for runbook in re.findall(r"docs/runbooks/[\w-]+\.md", alert["annotations"]["description"])
    ]
    assert pairs
    assert [(name, runbook) for name, runbook in pairs if f"`{name}`" not in (ROOT / runbook).read_text()] == []


def test_the_objectives_name_their_alerts() -> None:
    document = (ROOT / "docs/objectives.md").read_text()
    ours = yaml.safe_load(RULES[1].read_text())["groups"]
    assert [
        one["alert"]
        for group in ours
        for one in group["rules"]
        if f"`{one.get('alert')}`" not in document and "alert" in one
    ] == []


def test_each_alert_is_tried_both_ways() -> None:
    tried: dict[str, set[bool]] = {}
    for case in yaml.safe_load((PROMETHEUS / "tests.yml").read_text())["tests"]:
        for one in case["promql_expr_test"]:
            (name,) = re.findall('alertname="([^"]+)"', one["expr"])
            tried.setdefault(name, set()).add(bool(one["exp_samples"]))
    assert tried == {alert["alert"]: {True, False} for alert in alerts()}


@pytest.mark.timeout(600)
@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not here: `make alerts` brings it")
@pytest.mark.parametrize(
    "arguments",
    [["check", "rules", "alerts.yml", "objectives.yml"], ["check", "config", "--syntax-only", "prometheus.yml"],
     ["test", "rules", "tests.yml"]],
    ids=lambda arguments: " ".join(arguments[:2]),
)  # fmt: skip
def test_promtool_agrees(arguments: list[str]) -> None:
    assert PROMTOOL is not None
    run = subprocess.run([PROMTOOL, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
