"""What pages derive from d365-sync's answers."""

from dataclasses import dataclass

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


def window_under_way(delivery: DeliveryDocument) -> WindowDocument | None:
    """The maintenance window in which nothing is sent now."""
    return next((one for one in delivery.windows if one.state == WindowState.UNDER_WAY), None)
