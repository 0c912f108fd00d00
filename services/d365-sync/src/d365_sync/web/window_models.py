"""Maintenance windows as operators get them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class WindowState(StrEnum):
    """The current state of a maintenance window."""

    TO_COME = "to_come"
    UNDER_WAY = "under_way"
    OVER = "over"
    CALLED_OFF = "called_off"


class WindowDocument(BaseModel):
    """A maintenance window. `ended_by` and `ended_reason` are set if an operator ended it early."""

    model_config = ConfigDict(frozen=True)

    window_id: UUID
    state: WindowState
    begins_at: datetime
    ends_at: datetime
    reason: str
    created_by: str
    created_by_subject: str | None
    created_by_issuer: str | None
    created_at: datetime
    ended_by: str | None
    ended_by_subject: str | None
    ended_by_issuer: str | None
    ended_reason: str | None


class WindowsDocument(BaseModel):
    """Maintenance windows."""

    model_config = ConfigDict(frozen=True)

    items: list[WindowDocument]
    next: str | None
    has_more: bool
