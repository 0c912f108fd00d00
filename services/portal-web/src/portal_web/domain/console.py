"""What pages derive from d365-sync's answers."""

from dataclasses import dataclass
from datetime import datetime

from portal_web.domain.d365_sync import (
    DeliveryDocument,
    DocumentDocument,
    PermissionDocument,
    WindowDocument,
    WindowState,
)


@dataclass(frozen=True)
class VersionedDocument:
    """A document with the ETag that the next order for it must name."""

    document: DocumentDocument
    etag: str


def permission(document: DocumentDocument, action: str) -> PermissionDocument:
    """Whether `action` is allowed now, and if not, why, as the API says."""
    return next(one for one in document.actions if one.action == action)


def looked_up(before: DocumentDocument, after: DocumentDocument) -> bool:
    """Whether a look-up has ended in between: a look-up that waits leaves the finding of an earlier one."""
    return _last_look_up(after) != _last_look_up(before)


def _last_look_up(document: DocumentDocument) -> datetime | None:
    """When the last one that has ended began; a count would not do, for a document shows its newest attempts alone."""
    return max((attempt.started for attempt in document.attempts if attempt.finding is not None), default=None)


def stopped_by(delivery: DeliveryDocument) -> str | None:
    """Why nothing is sent to D365 and nothing is looked up there, as the kind of the concern that says so."""
    reasons = {
        "environment_refused": delivery.environment.refused_url is not None,
        "paused": delivery.paused,
        "maintenance": window_under_way(delivery) is not None,
        "breaker_open": delivery.breaker.state != "closed",
    }
    return next((kind for kind, applies in reasons.items() if applies), None)


def window_under_way(delivery: DeliveryDocument) -> WindowDocument | None:
    """The maintenance window in which nothing is sent now."""
    return next((one for one in delivery.windows if one.state == WindowState.UNDER_WAY), None)
