"""Grafana's dashboards from the panels below; `make dashboards` writes them into deploy/grafana/dashboards."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/grafana/dashboards"
RULES = tuple(ROOT / "deploy/prometheus" / name for name in ("alerts.yml", "objectives.yml"))
# Names of ours, and what Python's client says of the process.
_METRIC = re.compile(r"\b(?:casebridge|d365_sync|process)_\w+")
_SUFFIX = re.compile(r"_(?:bucket|count|sum)$")
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3
SUBMISSION = 'route="/v1/dealers/{dealer}/cases/{web_case_id}/submission", method="POST"'


class Panel(NamedTuple):
    """A panel: queries by their legend; `one` shows the present value alone."""

    title: str
    queries: Mapping[str, str]
    unit: str = "short"
    about: str = ""
    one: bool = False


def _quantiles(metric: str, by: str = "", where: str = "") -> dict[str, str]:
    """p50 and p99 of a histogram."""
    labels = f"{by}, le" if by else "le"
    legend = f"{{{{{by}}}}} " if by else ""
    rate = f"sum by ({labels}) (rate({metric}_bucket{where}[$__rate_interval]))"
    return {f"{legend}p{share}": f"histogram_quantile(0.{share}, {rate})" for share in (50, 99)}


def _rate(metric: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{where}[$__rate_interval]))"


FLOW = (
    Panel(
        "Ledger adds up",
        {"": "max(d365_sync_ledger_adds_up)"},
        "bool_yes_no",
        "Every submission is in its place.",
        True,
    ),
    Panel("Wait for an operator", {"": 'max(d365_sync_documents{state="failed"})'}, about="Dead letters.", one=True),
    Panel("Delivery is paused", {"": "max(d365_sync_paused)"}, "bool_yes_no", one=True),
    Panel(
        "Cases twice in D365", {"": "max(d365_sync_cases_twice)"}, about="Until an operator ends the alarm.", one=True
    ),
    Panel(
        "Submissions", {"accepted": "sum(rate(casebridge_submissions_total[$__rate_interval])) * 60"}, about="A minute."
    ),
    Panel("From the submission to D365", _quantiles("casebridge_submission_delivered_seconds"), "s"),
    Panel("From D365 to the read model", _quantiles("casebridge_d365_change_shown_seconds"), "s"),
    Panel("Documents on their way", {"{{state}}": "max by (state) (d365_sync_documents)"}),
    Panel("The oldest document", {"{{state}}": "max by (state) (d365_sync_oldest_document_age_seconds)"}, "s"),
    Panel("Documents that ended", {"{{state}}": _rate("d365_sync_documents_ended_total", "state")}, "ops"),
    Panel("Outboxes: records that wait", {"{{topic}}": "max by (topic) (casebridge_outbox_records)"}),
    Panel("Outboxes: the oldest record", {"{{topic}}": "max by (topic) (casebridge_outbox_oldest_age_seconds)"}, "s"),
    Panel(
        "Records refused or unreadable",
        {
            "refused, {{topic}}": "max by (topic) (casebridge_outbox_refused_records)",
            "unreadable, {{topic}}": "sum by (topic) (increase(casebridge_unreadable_records_total[1h]))",
        },
    ),
    Panel("Consumers: lag", {"{{group}}": "max by (group) (casebridge_consumer_lag_seconds)"}, "s"),
    Panel("Consumers: records", {"{{group}}": _rate("casebridge_records_consumed_total", "group")}, "ops"),
    Panel("Consumers: members", {"{{group}}": "sum by (group) (casebridge_consumer_joined)"}),
    Panel("Cases due for a read", {"waiting": "max(casebridge_due_reads_waiting)"}),
    Panel("The oldest due read", {"age": "max(casebridge_due_read_oldest_age_seconds)"}, "s"),
    Panel(
        "Live streams",
        {
            "open": "sum(casebridge_live_streams)",
            "records behind": "max(casebridge_live_records_behind)",
        },
    ),
)
SERVICES = (
    Panel("Answering", {"{{job}}": "sum by (job) (up)"}, about="Replicas that Prometheus reaches.", one=True),
    Panel("Requests", {"{{job}} {{status}}": _rate("casebridge_http_requests_total", "job, status")}, "reqps"),
    Panel(
        "Requests answered with 5xx",
        {
            "{{job}} {{method}} {{route}}": _rate(
                "casebridge_http_requests_total", "job, method, route", '{status="5xx"}'
            ),
        },
        "reqps",
    ),
    Panel("Time until the response", _quantiles("casebridge_http_request_duration_seconds", "job"), "s"),
    Panel(
        "Slowest routes, p99",
        {
            "{{job}} {{method}} {{route}}": "topk(10, histogram_quantile(0.99, "
            f"{_rate('casebridge_http_request_duration_seconds_bucket', 'job, method, route, le')}))",
        },
        "s",
    ),
    Panel(
        "Requests answered with 429",
        {"{{job}} {{policy}}": _rate("casebridge_requests_limited_total", "job, policy")},
        "reqps",
    ),
    Panel(
        "Connections to PostgreSQL",
        {
            "{{job}} {{instance}} {{pool}} {{state}}": 'casebridge_database_connections{state!="idle"}',
        },
    ),
    Panel(
        "PostgreSQL cannot answer",
        {"{{job}} {{state}}": _rate("casebridge_database_unavailable_total", "job, state")},
        "ops",
    ),
    Panel(
        "Delay of the event loop, p99",
        {
            "{{job}} {{instance}}": "histogram_quantile(0.99, "
            f"{_rate('casebridge_event_loop_delay_seconds_bucket', 'job, instance, le')})",
        },
        "s",
    ),
    Panel("CPU", {"{{job}} {{instance}}": _rate("process_cpu_seconds_total", "job, instance")}, about="Cores."),
    Panel("Memory", {"{{job}} {{instance}}": "sum by (job, instance) (process_resident_memory_bytes)"}, "bytes"),
    Panel("Open files", {"{{job}} {{instance}}": "sum by (job, instance) (process_open_fds)"}),
    Panel("Leaders", {"{{lease}} {{instance}}": "casebridge_leader == 1"}),
    Panel(
        "Turns of loops that failed", {"{{job}} {{loop}}": _rate("casebridge_loop_failures_total", "job, loop")}, "ops"
    ),
    Panel(
        "Since the last success, of the time allowed",
        {
            "{{service}} {{name}}": "min by (service, name) (casebridge_progress_age_seconds) "
            "/ max by (service, name) (casebridge_progress_bound_seconds)",
        },
        "percentunit",
    ),
)
D365 = (
    Panel("Circuit breaker is open", {"": "max(d365_sync_breaker_open)"}, "bool_yes_no", one=True),
    Panel("Uniqueness is unproven", {"": "max(casebridge_d365_uniqueness_unproven)"}, "bool_yes_no", one=True),
    Panel(
        "Certificate ends in", {"{{setting}}": "casebridge_certificate_end_timestamp_seconds - time()"}, "s", one=True
    ),
    Panel("Attempts", {"{{kind}} {{outcome}}": _rate("d365_sync_attempts_total", "kind, outcome")}, "ops"),
    Panel("D365's time for a POST", _quantiles("d365_sync_d365_request_duration_seconds"), "s"),
    Panel(
        "POSTs at once", {"under way": "sum(d365_sync_posts_in_flight)", "limit": "max(d365_sync_concurrency_limit)"}
    ),
    Panel("Business events", {"{{outcome}}": _rate("casebridge_d365_events_total", "outcome")}, "ops"),
    Panel("Due reads", {"{{outcome}}": _rate("casebridge_due_reads_total", "outcome")}, "ops"),
    Panel("Changes applied", {"changes": "sum(rate(casebridge_d365_changes_applied_total[$__rate_interval]))"}, "ops"),
    Panel("Since the last poll", {"age": "min(casebridge_d365_poll_age_seconds)"}, "s"),
    Panel("Since each step of the poll", {"{{step}}": "min by (step) (casebridge_d365_step_age_seconds)"}, "s"),
    Panel(
        "Reads that failed", {"{{loop}} {{error}}": _rate("casebridge_d365_read_failures_total", "loop, error")}, "ops"
    ),
    Panel("Failed steps of the check", {"{{step}}": "max by (step) (casebridge_d365_check_failed) == 1"}),
    Panel("Cases not followed", {"{{why}}": "max by (why) (casebridge_cases_not_followed)"}),
    Panel("Cases with an unknown status", {"cases": "max(casebridge_cases_status_unknown)"}),
    Panel("Cases that D365 cannot write", {"cases": "max(casebridge_cases_unreadable)"}),
    Panel("Cases ignored", {"{{reason}}": _rate("casebridge_d365_cases_ignored_total", "reason")}, "ops"),
)


def _objective(title: str, bad: str, all_of_them: str, budget: float) -> tuple[Panel, Panel, Panel]:
    share = {
        window: f"avg_over_time({bad}[{window}]) / avg_over_time({all_of_them}[{window}])"
        for window in ("1h", "6h", "30d")
    }
    return (
        Panel(
            f"{title}: in 30 days",
            {"": f"1 - {share['30d']}"},
            "percentunit",
            f"The objective is {1 - budget:.1%}.",
            True,
        ),
        Panel(f"{title}: budget left", {"": f"1 - {share['30d']} / {budget}"}, "percentunit", "Of 30 days.", True),
        Panel(
            f"{title}: burn rate",
            {window: f"{share[window]} / {budget}" for window in ("1h", "6h")},
            about="1 uses the budget up in 30 days. 14.4 over an hour and 6 over six hours alert.",
        ),
    )


OBJECTIVES = (
    *_objective("Accepted", "casebridge:submissions_failed:rate5m", "casebridge:submissions:rate5m", 0.001),
    *_objective("Delivered within 60 s", "casebridge:deliveries_late:rate5m", "casebridge:deliveries:rate5m", 0.01),
    *_objective("Shown within 120 s", "casebridge:statuses_late:rate5m", "casebridge:statuses:rate5m", 0.01),
    Panel("D365 answers", {"": "casebridge:d365_answers"}, "bool_yes_no", "Else deliveries do not count.", True),
    Panel(
        "Submissions by status",
        {
            "{{status}}": _rate("casebridge_http_requests_total", "status", f"{{{SUBMISSION}}}"),
        },
        "reqps",
    ),
)
DASHBOARDS: Mapping[str, Sequence[Panel]] = {"flow": FLOW, "services": SERVICES, "d365": D365, "objectives": OBJECTIVES}


def documents() -> dict[str, str]:
    """The dashboards as files, by name."""
    return {f"{name}.json": json.dumps(_dashboard(name), indent=1) + "\n" for name in DASHBOARDS}


def asked_metrics() -> set[str]:
    """The metrics that alerts, recording rules and dashboards ask for, as a service exports them."""
    rules = [rule for file in RULES for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]
    panels = [panel for panels in DASHBOARDS.values() for panel in panels]
    queries = [*(rule["expr"] for rule in rules), *(query for panel in panels for query in panel.queries.values())]
    return {_SUFFIX.sub("", name) for query in queries for name in _METRIC.findall(query)}


def recorded() -> tuple[set[str], set[str]]:
    """The recording rules that dashboards ask for, and those that there are."""
    queries = [query for panels in DASHBOARDS.values() for panel in panels for query in panel.queries.values()]
    rules = [rule for group in yaml.safe_load(RULES[1].read_text())["groups"] for rule in group["rules"]]
    asked = {name for query in queries for name in re.findall(r"\bcasebridge:[\w:]+", query)}
    return asked, {rule["record"] for rule in rules if "record" in rule}


def _dashboard(name: str) -> dict[str, Any]:
    title = {"d365": "D365"}.get(name, name)
    return {
        "uid": f"casebridge-{name}",
        "title": f"Casebridge: {title}",
        "tags": ["casebridge"],
        "schemaVersion": 39,
        "editable": False,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]
        },
        "links": [{"type": "dashboards", "tags": ["casebridge"], "title": "Casebridge", "asDropdown": True}],
        "panels": [_panel(number, panel) for number, panel in enumerate(DASHBOARDS[name])],
    }


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(number, _COLUMNS)
    return {
        "id": number + 1,
        "type": "stat" if panel.one else "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": query,
                "legendFormat": legend or "__auto",
                "instant": panel.one,
            }
            for place, (legend, query) in enumerate(panel.queries.items())
        ],
    }


def main() -> None:
    """Write them."""
    for name, text in documents().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
