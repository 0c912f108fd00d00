"""How to react to PostgreSQL's errors: one table of SQLSTATEs for every service's API, consumers and loops.

Source: https://www.postgresql.org/docs/18/errcodes-appendix.html
"""

from enum import StrEnum

import asyncpg


class Reaction(StrEnum):
    """What the code that meets the error should do."""

    WAIT = "the database is away, only reads or is full: nothing is wrong with the statement"
    REPEAT = "another transaction was in the way: the same statement may pass at once"
    BLAME_DATA = "the same data would be refused again"
    BLAME_CODE = "the statement or the schema is wrong: somebody must change it"


# By state (five characters), else by class (two); what is not listed is `BLAME_CODE`.
_REACTIONS = {
    "08": Reaction.WAIT,  # connection lost; also what PgBouncer says when it has no connection left
    "22": Reaction.BLAME_DATA,
    "23": Reaction.BLAME_DATA,
    "25006": Reaction.WAIT,  # a standby, or default_transaction_read_only
    "25P03": Reaction.REPEAT,  # the transaction was idle for too long
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
# What the driver raises if the server went away, or did not answer in time.
_LOST = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_RETRY_AFTER_SECONDS = {Reaction.WAIT: 5, Reaction.REPEAT: 1}
# A migration changed a table under a connection's prepared statements; asyncpg prepares them again.
_STALE_PLAN = asyncpg.InvalidCachedStatementError


def reaction_to_state(state: str) -> Reaction:
    """Return the reaction to a SQLSTATE."""
    return _REACTIONS.get(state) or _REACTIONS.get(state[:2]) or Reaction.BLAME_CODE


def reaction_to(error: BaseException) -> Reaction:
    """Return the reaction to an error of the database."""
    if isinstance(error, asyncpg.PostgresError):
        stale = isinstance(error, _STALE_PLAN)
        return Reaction.REPEAT if stale else reaction_to_state(error.sqlstate or "")
    return Reaction.WAIT if isinstance(error, _LOST) else Reaction.BLAME_CODE


def retry_after(error: BaseException) -> int | None:
    """Return the seconds after which the same statement may succeed, or None if it would fail again."""
    return _RETRY_AFTER_SECONDS.get(reaction_to(error))


# For `except`: the data itself is wrong, classes 22, 23 and 54. All else may pass later.
DATA_ERRORS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
# For `except`: the database is away, or refuses for now even a statement that is right.
UNREACHABLE = (*_LOST, asyncpg.PostgresError)
