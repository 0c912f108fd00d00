"""The statements that all services share."""

from enum import auto

from case_shared.database.postgres import SqlFile


class Statement(SqlFile):
    """One member per file of `sql/`."""

    ACQUIRE_LEASE = auto()
    INSERT_UNREADABLE_RECORD = auto()
    LOAD_D365_OR_TERMS = auto()
    READ_CURSOR_KEY = auto()
    RELEASE_LEASE = auto()
    REPORT_CONSUMER_PAUSED = auto()
    REPORT_CONSUMER_RESUMED = auto()
    REPORT_PROGRESS = auto()
    ROLES = auto()
    STORE_D365_OR_TERMS = auto()
