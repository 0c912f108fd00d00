"""What creating a case came to, one type per row of docs/design.md#what-does-each-answer-from-d365-mean.

`match` over them and `assert_never`.
"""

from dataclasses import dataclass

from case_shared.d365.echo import Difference
from case_shared.d365.support import SupportIds


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call for the attempt's record, never logged. Bodies are bounded; contact and notes are blanked."""

    status: int | None
    request_body: str
    answer_body: str | None
    duration_seconds: float
    support: SupportIds | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """2xx with a Case ID; `differences`: what D365 stored other than it was sent, None where it does not say."""

    case_id: str
    exchange: Exchange
    differences: tuple[Difference, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """D365 said no: 400, 409, 412, 422, or 500 with an OData error. Final only once a look-up shows no such case.

    `reason` is cleaned for dealers, `full_text` is everything D365 said. `retry_once`: a 500 (number sequence
    collision, update conflict) deserves one more try, later.
    """

    status: int
    reason: str
    full_text: str
    retry_once: bool
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Throttled:
    """429; `retry_after` in seconds, None where D365 did not say. Nothing was created."""

    retry_after: float | None
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not a byte of the request left for D365: no connection, DNS, TLS, or no token to be had just now."""

    why: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Unknown:
    """No trustworthy answer: the case may or may not be there. Look it up."""

    why: str
    status: int | None
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """401, also with a fresh token, or the token endpoint refuses the client: configuration. Nothing was created."""

    why: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Forbidden:
    """403: a control read (`D365Client.probe`) tells whether D365 refuses this category or everything."""

    reason: str
    full_text: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """404: the entity set is not there. Nothing was created; the document waits."""

    why: str
    exchange: Exchange


CreateAnswer = Created | Rejected | Throttled | NotSent | Unknown | Unauthorized | Forbidden | Misconfigured
