"""What can go wrong in the command line, sorted by what the user can do.

CasebridgeError
├── UsageError      the call or the environment is wrong: exit 2
└── OperationFailed the call was right, but failed: exit 1
"""


class CasebridgeError(Exception):
    """A message for the user; never shown with a stack trace."""

    exit_code = 1


class UsageError(CasebridgeError):
    """The command, a setting or a folder must be changed before trying again."""

    exit_code = 2


class OperationFailed(CasebridgeError):
    """The operation was refused or did not complete."""
