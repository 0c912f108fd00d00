"""Errors of reading D365, sorted by reaction. (Creating a case raises none of them: see `answers`.)

D365Error
├── D365TransientError        try again later
│   ├── D365Unavailable       no connection, time-out, connection lost, 408, 5xx
│   │   ├── D365LostAnswer      the connection broke before the whole answer came
│   │   └── D365UnusableToken   an access token that no header can carry; the next one is fetched
│   ├── D365Throttled         429: wait `retry_after` seconds, or back off
│   └── D365NotOData          an answer, but not OData's JSON (HTML, redirect, cut off): nothing is known for sure
│       └── D365AnswersTooMuch  more rows than the keys asked for can have
├── D365UnusableKey           a key that must not be asked for (it contains `*`): nothing was sent
│   └── D365RefusedKeys       keys that D365 refuses, while it takes others
│       └── D365UnreadableKeys  keys at which D365 fails, while it answers for others
└── D365ConfigurationError    somebody must correct a setting: breaker and alert
    │   ├── D365Unauthorized      401 even with a fresh token, or Entra refuses the client
    ├── D365Forbidden         403: a role of the integration user is missing
    │   └── D365Misconfigured     404 on an entity set, or a field that D365 does not know
        │       └── D365ForeignLink     a next page that is not D365's own: not followed
MappingError                  the mapping file cannot be used (at start)
"""

from case_shared.d365.models import LookUpAnswer
from case_shared.d365.support import SupportIds
from case_shared.words.errors import CasebridgeError, Misconfigured, Refused, Transient


class D365Error(CasebridgeError):
    """A failed read of D365; `status`: the HTTP status if D365 answered, `support`: its IDs if a request was sent.

    `answered`: what D365 had answered, if it was one request of a read of many.
    """

    answered: LookUpAnswer = LookUpAnswer({}, {})

    def __init__(self, why: str, *, status: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
        self.support: SupportIds | None = None


class D365TransientError(D365Error, Transient):
    """Try again later: nobody needs to correct anything here."""


class D365Unavailable(D365TransientError):
    """D365 or the token endpoint could not be reached, was too slow, or answered with a server error."""


class D365LostAnswer(D365Unavailable):
    """The connection broke before the whole answer came, and not because the time was over."""


class D365UnusableToken(D365Unavailable):
    """The token endpoint issued an access token that no header can carry. Nothing was sent to D365."""


class D365Throttled(D365TransientError):
    """429; `retry_after` in seconds, None if D365 gave none."""

    def __init__(self, why: str, *, retry_after: float | None, status: int = 429) -> None:
        super().__init__(why, status=status)
        self.retry_after = retry_after


class D365NotOData(D365TransientError):
    """The answer is not OData: HTML, a redirect, cut-off JSON. Conclude nothing from it."""


class D365AnswersTooMuch(D365NotOData):
    """More rows than the keys asked for can have: D365 did not apply the filter, and reading stopped."""


class D365UnusableKey(D365Error, Refused):
    """A key that D365 would read as a pattern, or cannot store; it was not asked for. Asking again does not help."""


class D365RefusedKeys(D365UnusableKey):
    """D365 refuses each of `keys`, asked for by itself, and has answered for others of the same call."""

    def __init__(self, keys: frozenset[str], why: str, *, status: int | None) -> None:
        super().__init__(why, status=status)
        self.keys = keys


class D365UnreadableKeys(D365RefusedKeys):
    """D365 fails at each of `keys`, asked for by itself, while it answers others: it cannot write these rows."""


class D365ConfigurationError(D365Error, Misconfigured):
    """Trying again does not help until somebody changes something."""


class D365Unauthorized(D365ConfigurationError):
    """401 even with a fresh token, or the token endpoint refuses the client."""


class D365Forbidden(D365ConfigurationError):
    """403: the integration user may not read this."""


class D365Misconfigured(D365ConfigurationError):
    """D365 does not know an entity set or a field of the mapping."""


class D365ForeignLink(D365Misconfigured):
    """D365 named no next page, or one on another scheme, host or port. We do not follow it: our token stays here."""


class MappingError(Misconfigured):
    """The mapping file cannot be used; the message names file, table and key."""
