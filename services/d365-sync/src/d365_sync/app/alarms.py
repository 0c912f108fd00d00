"""The alarm for what must never happen: D365 has one submission twice."""

import structlog
from prometheus_client import Counter

from case_shared.process.telemetry import trace_id_of

log = structlog.get_logger(__name__)
_doubles = Counter("d365_sync_found_twice_total", "Submissions that D365 has twice (an alarm)")


def found_twice(web_case_id: str, traceparent: str | None) -> None:
    """Count and log it; the document shows the Case IDs."""
    _doubles.inc()
    log.critical(
        "found_twice",
        web_case_id=web_case_id,
        advice="close all cases except one in D365; the document names them",
        trace_id=trace_id_of(traceparent),
    )
