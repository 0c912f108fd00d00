"""How far behind status-sync is, as gauges."""

from dataclasses import dataclass

from prometheus_client import Gauge

from status_sync.postgres.progress import ProgressStore

_due = Gauge("casebridge_due_reads_waiting", "Cases that must be read from D365")
_due_age = Gauge("casebridge_due_read_oldest_age_seconds", "How long the oldest due read has waited")
_poll_age = Gauge("casebridge_d365_poll_age_seconds", "Time since the last poll ended")
_status_unknown = Gauge(
    "casebridge_cases_status_unknown",
    "Cases with a status in D365 that the mapping does not contain; the leader counts every five minutes",
)
_unreadable = Gauge("casebridge_cases_unreadable", "Cases that D365 has failed to write again and again")
_not_followed = Gauge("casebridge_cases_not_followed", "Cases that no longer follow D365, by reason", ["why"])


@dataclass(frozen=True)
class Backlogs:
    """Measured from the database, so that each replica shows the same."""

    progress: ProgressStore

    async def turn(self) -> bool:
        """Set the gauges; returns False, since the turn leaves nothing to do."""
        backlog = await self.progress.measure()
        _due.set(backlog.due_reads)
        _due_age.set(backlog.due_read_age_seconds or 0)
        for why in ("moved", "deleted", "reused"):
            _not_followed.labels(why).set(getattr(backlog, why))
        _status_unknown.set(backlog.status_unknown)
        _unreadable.set(backlog.unreadable)
        if backlog.poll_age_seconds is not None:
            _poll_age.set(backlog.poll_age_seconds)
        return False
