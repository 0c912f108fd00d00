"""What can go wrong with sessions and sign-in, sorted by reaction.

Refused               a page says so, and the user can start again
├── SessionEnded      the user signs in again and continues
└── SignInFailed      the provider, or the user there, refused
    ├── TokenTooLong  an administrator must assign less to the user
    └── NotProven     an administrator must set up the provider
"""

from dataclasses import dataclass

_LONGEST_ERROR, _LONGEST_DESCRIPTION = 100, 1000


class Refused(Exception):
    """Base of the errors that the user sees."""


class SessionEnded(Refused):
    """No session exists, or the provider no longer renews it."""


class SignInFailed(Refused):
    """A sign-in that is not this browser's, is too old, or that the provider refuses; the message is for the log.

    `said`: the provider's own words, where it refused. `reason` names what the page says instead of the usual.
    """

    reason = ""

    def __init__(self, message: str, said: "ProviderError | None" = None) -> None:
        super().__init__(message)
        self.said = said


class TokenTooLong(SignInFailed):
    """A sign-in whose token is longer than the APIs accept: it has too many dealers, groups or other claims."""

    reason = "too_long"


class NotProven(SignInFailed):
    """The provider did not ask for the fresh sign-in that something irreversible needs, or does not say that it did."""

    reason = "not_proven"


@dataclass(frozen=True)
class ProviderError:
    """The provider's `error` and `error_description` (RFC 6749, sections 4.1.2.1 and 5.2), fit to be shown and logged.

    It is another system's text: one line, without invisible characters, and no longer than a page needs.
    """

    error: str
    description: str = ""

    @classmethod
    def of(cls, error: object, description: object = None) -> "ProviderError":
        """What a provider sent, as far as it can be shown."""
        return cls(_line(error, _LONGEST_ERROR), _line(description, _LONGEST_DESCRIPTION))

    def __str__(self) -> str:
        return f"{self.error}: {self.description}" if self.description else self.error


def _line(text: object, longest: int) -> str:
    words = "".join(one if one.isprintable() else " " for one in str(text or "")).split()
    return " ".join(words)[:longest]
