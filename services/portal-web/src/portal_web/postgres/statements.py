"""The statements of portal-web."""

from enum import auto

from case_shared.database.postgres import SqlFile


class Statement(SqlFile):
    """One member for each file of `sql/`."""

    CLAIM_RENEWAL = auto()
    DELETE_EXPIRED = auto()
    DELETE_KEPT = auto()
    DELETE_PROVIDER_SESSION = auto()
    DELETE_SESSION = auto()
    DELETE_SESSIONS_OF = auto()
    FIND_BEGUN = auto()
    FIND_KEPT = auto()
    FIND_SESSION = auto()
    PUT_BEGUN = auto()
    PUT_KEPT = auto()
    PUT_SESSION = auto()
    RELEASE_RENEWAL = auto()
    REMEMBER_DEALERS = auto()
    REPLACE_SESSION = auto()
    TOUCH_SESSION = auto()
