"""docs/capacity.md: tables of what was measured and a year's figures, in the prose of the template beside this file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from string import Template

from benchmarks import report
from benchmarks.capacity.storm import Vacuumed
from benchmarks.capacity.system import SHARED_BUFFERS, Plan
from benchmarks.capacity.usage import Used
from benchmarks.clicks import at

TEMPLATE = Path(__file__).with_name("capacity.md")
YEAR_DEALERS, YEAR_CASES_A_DAY, YEAR_DAYS, STATUS_CHANGES = 2000, 5, 365, 3
EVENT_DAYS, CONTENT_DAYS = 7, 90
# Tables that a case adds less to are summed up.
LEAST_BYTES = 1.0
PARTS = ("case_api", "d365_sync", "status_sync", "postgres", "kafka", "d365_sandbox")
PHASES = {
    "idle": "idle",
    "backlog": "submitting the backlog",
    "steady": "submitting at the rate",
    "changes": "status changes",
    "storm": "status changes by SQL",
}


@dataclass(frozen=True)
class Measured:
    """Everything that a run measures; delays in ms, ascending; `idle` in CPU seconds a second."""

    at_rest: Used
    idle: Mapping[str, float]
    submitted: Used
    changed: Used
    changes: int
    counts: Mapping[str, int]
    accepted_rate: float
    drained: float
    answers: Sequence[float]
    content_bytes: float
    most: Mapping[str, Mapping[str, float]]
    vacuumed: Vacuumed


def document(plan: Plan, measured: Measured, command: str) -> str:
    """Return the whole document."""
    submitted = plan.waiting + int(plan.rate * plan.minutes * 60)
    per_case = _PerCase(measured, submitted)
    fields = {
        "made": _made(plan, command),
        "flow": _flow(plan, measured, submitted),
        "memory": _memory(measured),
        "cpu": _cpu(measured, per_case),
        "bytes": _bytes(measured, per_case),
        "vacuum": _vacuum(measured.vacuumed),
        "year": _year(per_case, measured),
    }
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(fields)


class _PerCase:
    """What one submission costs, and one status change."""

    def __init__(self, measured: Measured, submitted: int) -> None:
        used, changed, changes = measured.submitted, measured.changed, max(1, measured.changes)
        self.cpu_ms = {name: used.cpu_seconds[name] * 1000 / submitted for name in PARTS}
        self.change_cpu_ms = {name: changed.cpu_seconds[name] * 1000 / changes for name in PARTS}
        self.tables = {name: size / submitted for name, size in used.table_bytes.items()}
        self.change_tables = sum(changed.table_bytes.values()) / changes
        self.topics = {name: size / submitted for name, size in used.topic_bytes.items()}
        self.change_topics = {name: size / changes for name, size in changed.topic_bytes.items()}
        self.wal, self.change_wal = used.wal_bytes / submitted, changed.wal_bytes / changes

    def whole(self, submission: float, change: float) -> float:
        """What a case costs with all of its status changes."""
        return submission + STATUS_CHANGES * change


def _made(plan: Plan, command: str) -> str:
    return f"""\
Made by `{command}` at commit {report.commit()} on {datetime.now(UTC):%Y-%m-%d}:
{report.machine()};
PostgreSQL 18 (`shared_buffers` {SHARED_BUFFERS}, all else by default) and Kafka 4.4 of the local stack, fsync on.
One replica of each service, {plan.dealers:,} dealers, {plan.cases:,} cases before; content is kept for
{plan.retention_seconds:.0f} s after its end, so that retention works during the run."""


def _flow(plan: Plan, measured: Measured, submitted: int) -> str:
    counts, answers = measured.counts, measured.answers
    return _table(
        ("", ""),
        [
            ("submissions", f"{submitted:,}"),
            ("accepted while delivery was paused", f"{measured.accepted_rate:,.0f} a second"),
            (
                f"{plan.waiting:,} waiting documents delivered, {plan.rate:g} more coming each second, within",
                f"{measured.drained:,.0f} s",
            ),
            (
                f"answer 202 at {plan.rate:g} a second, p50 / p99",
                f"{at(answers, 0.5):.0f} / {at(answers, 0.99):.0f} ms",
            ),
            ("delivered / waiting / failed at the end", " / ".join(f"{counts[name]:,}" for name in _COUNTED)),
        ],
    )


_COUNTED = ("delivered", "waiting", "failed")


def _memory(measured: Measured) -> str:
    phases = [phase for phase in PHASES if phase in measured.most]
    rows = [(f"`{part}`", *(f"{measured.most[phase].get(part, 0):,.0f}" for phase in phases)) for part in PARTS]
    return _table(("part", *(f"{PHASES[phase]}, MiB" for phase in phases)), rows)


def _cpu(measured: Measured, per_case: _PerCase) -> str:
    rows = [
        (
            f"`{part}`",
            f"{per_case.cpu_ms[part]:.2f}",
            f"{per_case.change_cpu_ms[part]:.2f}",
            f"{measured.idle[part] * 100:.1f} %",
        )
        for part in PARTS
    ]
    total = ("together", *(f"{sum(one.values()):.2f}" for one in (per_case.cpu_ms, per_case.change_cpu_ms)))
    return _table(
        ("part", "a submission, ms", "a status change, ms", "idle, of a core"),
        [*rows, (*total, f"{sum(measured.idle.values()) * 100:.1f} %")],
    )


def _bytes(measured: Measured, per_case: _PerCase) -> str:
    tables = sorted(per_case.tables.items(), key=lambda one: -one[1])
    large = [(f"table `{name}`", f"{size:,.0f}", "") for name, size in tables if size >= LEAST_BYTES]
    small = sum(size for _, size in tables if size < LEAST_BYTES)
    topics = [
        (f"topic `{name}`", f"{size:,.0f}", f"{per_case.change_topics.get(name, 0):,.0f}")
        for name, size in sorted(per_case.topics.items())
    ]
    return _table(
        ("", "a submission, bytes", "a status change, bytes"),
        [
            *large,
            ("other tables", f"{small:,.0f}", ""),
            ("**all tables**", f"{sum(per_case.tables.values()):,.0f}", f"{per_case.change_tables:,.0f}"),
            ("of which content that retention empties", f"{2 * measured.content_bytes:,.0f}", ""),
            ("WAL", f"{per_case.wal:,.0f}", f"{per_case.change_wal:,.0f}"),
            *topics,
        ],
    )


def _vacuum(found: Vacuumed) -> str:
    return _table(
        ("", ""),
        [
            ("changes", f"{found.changes:,} in {found.seconds:.0f} s"),
            ("a second, first fifth / last fifth", f"{found.first_rate:,.0f} / {found.last_rate:,.0f}"),
            ("updates without a new index entry (HOT)", f"{found.hot_share:.0%}"),
            ("most dead rows, of rows", f"{found.most_dead:,} of {found.live:,}"),
            ("runs of autovacuum", f"{found.vacuums}"),
            ("growth of the table / of its indexes", f"{found.heap_growth:.1%} / {found.index_growth:.1%}"),
        ],
    )


def _year(per_case: _PerCase, measured: Measured) -> str:
    a_day = YEAR_DEALERS * YEAR_CASES_A_DAY
    tables = per_case.whole(sum(per_case.tables.values()), max(0.0, per_case.change_tables))
    emptied = tables - 2 * measured.content_bytes
    topics = per_case.whole(sum(per_case.topics.values()), sum(per_case.change_topics.values()))
    cpu = per_case.whole(_ours(per_case.cpu_ms), _ours(per_case.change_cpu_ms)) / 1000
    kept = tables * a_day * CONTENT_DAYS + emptied * a_day * (YEAR_DAYS - CONTENT_DAYS)
    return _table(
        ("", ""),
        [
            ("cases", f"{a_day * YEAR_DAYS:,} ({a_day:,} a day), {STATUS_CHANGES} status changes each"),
            ("PostgreSQL, with content kept for 90 days", f"{kept / 1e9:,.1f} GB a year"),
            ("WAL", f"{per_case.whole(per_case.wal, per_case.change_wal) * a_day / 1e9:,.2f} GB a day"),
            ("Kafka, kept for 7 days, one copy", f"{topics * a_day * EVENT_DAYS / 1e9:,.2f} GB"),
            ("CPU of services, PostgreSQL and Kafka", f"{cpu * a_day:,.0f} s a day"),
            ("busiest hour, if it has a fifth of a day's cases", f"{a_day / 5 / 3600:.2f} cases a second"),
        ],
    )


def _ours(cpu_ms: Mapping[str, float]) -> float:
    """Without D365, which the sandbox replaces."""
    return sum(value for part, value in cpu_ms.items() if part != "d365_sandbox")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
