"""Logs and counts what an applied read has changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import structlog
from prometheus_client import Counter, Histogram

from case_shared.d365.mapping import Mapping
from case_shared.d365.models import D365Case
from status_sync.app.plan_read import Plan
from status_sync.domain.placement import Ignored, Unfollowed

log = structlog.get_logger(__name__)
_ignored = Counter("casebridge_d365_cases_ignored_total", "Cases that were read without changing anything", ["reason"])
_unknown = Counter("casebridge_d365_unknown_status_total", "Changes to a status that the mapping does not contain")
_unfollowed = Counter(
    "casebridge_cases_unfollowed_total",
    "Cases that no longer follow D365, by reason",
    ["why"],
)
_shown = Histogram(
    "casebridge_d365_change_shown_seconds",
    "Time from a change in D365, by D365's clock, until the read model shows it; without new cases",
    buckets=(0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 14_400, 86_400),
)
_ALARMING = (Ignored.MISMATCH, Ignored.SECOND)


def shown(now: datetime, modified: Iterable[datetime]) -> None:
    """Count the delay of cases that D365 changed at these times and that dealers see changed now."""
    for modified_at in modified:
        _shown.observe(max(0.0, (now - modified_at).total_seconds()))


def not_storable(case: D365Case, error: Exception) -> None:
    """Count and log a case that the database refuses for its data."""
    _ignored.labels("not_storable").inc()
    log.error("case_not_storable", case_id=case.case_id, data_area_id=case.data_area_id, error=str(error))


def without_number(cases: Sequence[D365Case]) -> None:
    """Count and log cases to which D365 has given no Case ID: they come again once it has."""
    _ignored.labels("no_number").inc(len(cases))
    areas = sorted({case.data_area_id for case in cases})
    log.warning("cases_without_number", cases=len(cases), data_area_ids=areas)


def report(plan: Plan) -> None:
    """Count and log what changes nothing, and what is an alarm."""
    for case, reason in plan.ignored:
        _ignored.labels(reason.value).inc()
        if reason in _ALARMING:
            log.warning(
                "case_not_applied",
                reason=reason.value,
                web_case_id=case.web_case_id,
                data_area_id=case.data_area_id,
                case_id=case.case_id,
            )
    for row in plan.leave.values():
        _unfollowed.labels(row.why.value).inc()
        write = log.error if row.why is Unfollowed.REUSED else log.info
        write("case_not_followed", why=row.why.value, web_case_id=row.web_case_id, case_id=row.case_id)


def unknown(changed: Sequence[tuple[str, str | None]], mapping: Mapping) -> None:
    """Count and log those of the changed cases, by Web Case ID, whose status in D365 the mapping does not know."""
    for web_case_id, d365_status in changed:
        if mapping.portal_status(d365_status) is None:
            _unknown.inc()
            log.error(
                "unknown_d365_status",
                web_case_id=web_case_id,
                d365_status=d365_status,
                advice="the case keeps its last known status; add the symbol to table [status] of the mapping",
            )
