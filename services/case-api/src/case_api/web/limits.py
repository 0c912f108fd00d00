"""Rate limits per client and per dealer, in this process's memory: each replica has its own (docs/adr/0014)."""

import math

from prometheus_client import Counter
from throttled import MemoryStore, RateLimiterType, RateLimitState
from throttled.rate_limiter import RateLimiterRegistry, per_min

from case_api.web.problems import too_many_requests
from case_shared.auth import Principal

# Far more than call within a minute; of more, those that were quiet for longest are forgotten.
_MOST_KEYS = 10_000
_limited = Counter("casebridge_requests_limited_total", "Requests answered with 429", ["policy"])


class RateLimits:
    """So many requests a minute, at once or evenly; 0: as many as come."""

    def __init__(self, client_per_minute: int, dealer_per_minute: int) -> None:
        self._client = _Limit("client", client_per_minute) if client_per_minute else None
        self._dealer = _Limit("dealer", dealer_per_minute) if dealer_per_minute else None

    def count_client(self, principal: Principal) -> None:
        """Count a request of the caller's client, or of the caller where the token names none; raises 429."""
        if self._client:
            self._client.count(principal.client or principal.subject)

    def count_dealer(self, dealer: str) -> None:
        """Count a request for a dealer, whoever makes it; raises 429."""
        if self._dealer:
            self._dealer.count(dealer)


class _Limit:
    """Asks the library for a thousandth of a minute's worth at a time: that costs no more than to ask for one."""

    def __init__(self, policy: str, per_minute: int) -> None:
        self._policy, self._per_minute = policy, per_minute
        self._at_a_time = max(1, per_minute // 1000)
        self._granted: dict[str, int] = {}
        kind = RateLimiterRegistry.get(RateLimiterType.GCRA.value)
        self._limiter = kind(per_min(per_minute), MemoryStore(options={"MAX_SIZE": _MOST_KEYS}))

    def count(self, key: str) -> None:
        granted = self._granted.get(key) or self._ask(key)
        self._granted[key] = granted - 1

    def _ask(self, key: str) -> int:
        if len(self._granted) > _MOST_KEYS:
            self._granted.clear()
        if not self._limiter.limit(key, self._at_a_time).limited:
            return self._at_a_time
        result = self._limiter.limit(key)
        if result.limited:
            _limited.labels(self._policy).inc()
            raise too_many_requests(self._policy, self._per_minute, self._headers(result.state))
        return 1

    def _headers(self, state: RateLimitState) -> dict[str, str]:
        """Retry-After, and what draft-ietf-httpapi-ratelimit-headers-10 names beside it."""
        seconds = max(1, math.ceil(state.retry_after))
        return {
            "Retry-After": str(seconds),
            "RateLimit-Policy": f'"{self._policy}";q={self._per_minute};w=60',
            "RateLimit": f'"{self._policy}";r={state.remaining};t={seconds}',
        }
