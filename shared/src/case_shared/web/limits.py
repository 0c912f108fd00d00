"""Rate limits in this process's memory: each replica has its own (docs/adr/0014)."""

import math
from typing import Annotated

from prometheus_client import Counter
from pydantic import Field
from pydantic_settings import BaseSettings
from throttled import MemoryStore, RateLimiterType, RateLimitState, Throttled, per_min

from case_shared.web.problems import Problem

# Far more than call within a minute; beyond this number, the ones that were quiet longest are forgotten.
_MOST_KEYS = 10_000
_limited = Counter("casebridge_requests_limited_total", "Requests answered with 429", ["policy"])
PerMinute = Annotated[int, Field(ge=0)]


class UserLimitSettings(BaseSettings):
    """How much one user, and one application, may ask of one replica."""

    rate_limit_user_per_minute: PerMinute = Field(
        default=600,
        description="Requests of one user (issuer and subject) that one replica accepts; 0 means no limit.",
    )
    rate_limit_client_per_minute: PerMinute = Field(
        default=30_000, description="Requests of one client (application) that one replica accepts; 0 means no limit."
    )


class Limit:
    """A number of requests per minute for each key, at once or evenly (GCRA); 0: no limit."""

    def __init__(self, policy: str, per_minute: int) -> None:
        self._policy, self._per_minute = policy, per_minute
        store = MemoryStore(options={"MAX_SIZE": _MOST_KEYS})
        gcra = RateLimiterType.GCRA.value
        self._throttled = Throttled(using=gcra, quota=per_min(per_minute), store=store) if per_minute else None

    def check(self, key: str) -> None:
        """Raise 429 if `key` has used up its requests; counts nothing."""
        if self._throttled is not None and self._throttled.peek(key).remaining < 1:
            self.count(key)  # this is refused, and says when the next one may come

    def count(self, key: str) -> None:
        """Count a request of `key`; raises 429, and then does not count it."""
        if self._throttled is not None:
            result = self._throttled.limit(key)
            if result.limited:
                raise self._refused(result.state)

    def _refused(self, state: RateLimitState) -> Problem:
        """Make the 429 with Retry-After and the fields of draft-ietf-httpapi-ratelimit-headers-10."""
        _limited.labels(self._policy).inc()
        seconds = max(1, math.ceil(state.retry_after))
        headers = {
            "Retry-After": str(seconds),
            "RateLimit-Policy": f'"{self._policy}";q={self._per_minute};w=60',
            "RateLimit": f'"{self._policy}";r=0;t={seconds}',
        }
        detail = (
            f"The limit is {self._per_minute} requests per minute for each {self._policy}. Wait for the number of "
            "seconds in Retry-After, and send fewer requests."
        )
        return Problem(429, "too-many-requests", "Too many requests", detail, headers=headers, policy=self._policy)


class RateLimits:
    """The limits of an API behind tokens: of each user first, then of each client, then of each dealer."""

    def __init__(self, user_per_minute: int = 0, client_per_minute: int = 0, dealer_per_minute: int = 0) -> None:
        self._user = Limit("user", user_per_minute)
        self._client = Limit("client", client_per_minute)
        self._dealer = Limit("dealer", dealer_per_minute)

    def count(self, user: str, client: str | None, dealer: str | None) -> None:
        """Count a request; raises 429, and then it counts towards no limit at all."""
        asked = ((self._user, user), (self._client, client), (self._dealer, dealer))
        concerned = [(limit, key) for limit, key in asked if key]
        for limit, key in concerned[:-1]:
            limit.check(key)
        # The last limit needs no check first: if it refuses, no other has counted yet.
        for limit, key in reversed(concerned):
            limit.count(key)
