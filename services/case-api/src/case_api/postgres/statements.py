"""The statements of case-api."""

from enum import auto

from case_shared.database.postgres import SqlFile


class Statement(SqlFile):
    """One member per file of `sql/`."""

    APPLY_DELIVERIES = auto()
    CREATE_CASE = auto()
    DELETE_CASE = auto()
    DELETE_IDEMPOTENCY_KEYS = auto()
    DISTRUST_DRAFTS = auto()
    EDIT_CASE = auto()
    EMPTY_SUBMISSIONS = auto()
    FIND_LIVE_CASES = auto()
    GET_CASE = auto()
    LIST_CATEGORIES = auto()
    LIST_DEALERS = auto()
    LIST_LENGTHS = auto()
    LIST_PRIORITIES = auto()
    LIST_STATUSES = auto()
    LIST_SUBMISSIONS = auto()
    LOCK_SUBMISSION_STATES = auto()
    MARK_SENT = auto()
    MEASURE_OUTBOX = auto()
    READ_OUTBOX = auto()
    RECALL_CASE = auto()
    RECOVER_CASES = auto()
    RECOVER_SUBMISSIONS = auto()
    RESEND_SUBMISSIONS = auto()
    RESTORE_DELIVERED = auto()
    RETURN_CASES = auto()
    SET_ASIDE_REFUSED = auto()
    SUBMIT_CASES = auto()
