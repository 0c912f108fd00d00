"""What PostgreSQL's errors call for: one table of SQLSTATEs for every service, its API, its consumers and its loops.

https://www.postgresql.org/docs/18/errcodes-appendix.html
"""

from enum import StrEnum

import asyncpg


class Reaction(StrEnum):
    """What whoever meets the error should do."""

    WAIT = "the database is away, only reads or is full: nothing is wrong with the statement"
    REPEAT = "another transaction was in the way: the same statement may pass at once"
    BLAME_DATA = "the same data would be refused again"
    BLAME_CODE = "the statement or the schema is wrong: somebody must change it"


# By class (two characters) or by state (five), which counts first; what is not listed is `BLAME_CODE`.
_REACTIONS = {
    "08": Reaction.WAIT,  # connection lost; what PgBouncer says when it has none left
    "22": Reaction.BLAME_DATA,
    "23": Reaction.BLAME_DATA,
    "25006": Reaction.WAIT,  # a standby, or default_transaction_read_only
    "25P03": Reaction.REPEAT,  # the transaction stood idle for too long
    "25P04": Reaction.REPEAT,  # the transaction took too long
    "28": Reaction.WAIT,  # a password is being changed
    "3D": Reaction.WAIT,  # the database is being restored under this name
    "40": Reaction.REPEAT,  # serialization failure, deadlock
    "53": Reaction.WAIT,  # no connection left, disk full, out of memory
    "54": Reaction.BLAME_DATA,  # larger than an index or a row can be
    "55006": Reaction.WAIT,  # the database is being copied or dropped
    "55P03": Reaction.REPEAT,  # lock_timeout
    "57": Reaction.WAIT,  # starting up, shutting down
    "57014": Reaction.REPEAT,  # statement_timeout
    "58": Reaction.WAIT,  # input or output error of its system
    "F0": Reaction.WAIT,  # its configuration or lock file
}
# The driver's own words for a server that went away, or did not answer in time.
_LOST = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_RETRY_AFTER_SECONDS = {Reaction.WAIT: 5, Reaction.REPEAT: 1}
# A migration changed a table under a connection's prepared statements; asyncpg prepares them anew.
_STALE_PLAN = asyncpg.InvalidCachedStatementError


def reaction_to_state(state: str) -> Reaction:
    """What a SQLSTATE calls for."""
    return _REACTIONS.get(state) or _REACTIONS.get(state[:2]) or Reaction.BLAME_CODE


def reaction_to(error: BaseException) -> Reaction:
    """What an error of the database calls for."""
    if isinstance(error, asyncpg.PostgresError):
        stale = isinstance(error, _STALE_PLAN)
        return Reaction.REPEAT if stale else reaction_to_state(error.sqlstate or "")
    return Reaction.WAIT if isinstance(error, _LOST) else Reaction.BLAME_CODE


def retry_after(error: BaseException) -> int | None:
    """Seconds after which the same statement may succeed; None where it would fail again."""
    return _RETRY_AFTER_SECONDS.get(reaction_to(error))


# For `except`: what is wrong with the data itself, classes 22, 23 and 54. All else may pass later.
DATA_ERRORS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
# For `except`: the database is away, or refuses for now, whatever it says to a statement that is right.
UNREACHABLE = (*_LOST, asyncpg.PostgresError)
