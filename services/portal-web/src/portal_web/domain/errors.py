"""What can go wrong with a visit, sorted by what is done about it.

Refused               the user is told, and may begin anew
├── SessionEnded      sign in again, and go on where one was
└── SignInFailed      the provider, or the user there, said no
"""


class Refused(Exception):
    """Base of what the user is told."""


class SessionEnded(Refused):
    """There is no session, or the provider renews it no longer."""


class SignInFailed(Refused):
    """A sign-in that is not this browser's, is too old, or that the provider refuses; the message is for the log."""
