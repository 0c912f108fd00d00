"""What can go wrong with a visit, sorted by reaction.

Refused               the user sees why, and can start again
├── SessionEnded      sign in again, and continue in the same place
└── SignInFailed      the provider, or the user there, refused
"""


class Refused(Exception):
    """Base of the errors that the user sees."""


class SessionEnded(Refused):
    """No session exists, or the provider no longer renews it."""


class SignInFailed(Refused):
    """A sign-in is not this browser's, is too old, or the provider refuses it; the message is for the log."""
