"""The results of creating a case, one type per row of docs/design.md#what-does-each-answer-from-d365-mean.

Use `match` and `assert_never`.
"""

from dataclasses import dataclass

from case_shared.d365.echo import Difference
from case_shared.d365.support import SupportIds


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call, for the attempt's record; never logged. Bodies are bounded; contact and notes are blanked."""

    status: int | None
    request_body: str
    answer_body: str | None
    duration_seconds: float
    support: SupportIds | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """2xx with a Case ID; `differences`: fields D365 stored differently, None if the answer does not show them."""

    case_id: str
    exchange: Exchange
    differences: tuple[Difference, ...] | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """D365 refused: 400, 409, 412, 422, or 500 with an OData error. Final only once a look-up shows no such case.

    `reason` is cleaned for dealers; `full_text` is all that D365 said. `retry_once`: the 500 (a number sequence
    collision, an update conflict) deserves one more try, later.
    """

    status: int
    reason: str
    full_text: str
    retry_once: bool
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Throttled:
    """429; `retry_after` in seconds, None if D365 gave none. D365 created nothing."""

    retry_after: float | None
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class NotSent:
    """Not a byte of the request left for D365: no connection, DNS failure, TLS failure, or no token right now."""

    why: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Unknown:
    """No trustworthy answer: the case may or may not exist. Look it up."""

    why: str
    status: int | None
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Unauthorized:
    """401 even with a fresh token, or the token endpoint refuses the client: configuration. Look up before a repeat."""

    why: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Forbidden:
    """403: a control read (`D365Client.probe`) shows whether D365 refuses this category or everything."""

    reason: str
    full_text: str
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """404: the entity set does not exist, or a gateway says so. The document waits; look it up before a repeat."""

    why: str
    exchange: Exchange


CreateAnswer = Created | Rejected | Throttled | NotSent | Unknown | Unauthorized | Forbidden | Misconfigured
