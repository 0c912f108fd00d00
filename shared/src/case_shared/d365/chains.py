"""Chains of `or`: D365 has no `in`, and does not publish how many terms a filter may have.

OData libraries limit a filter to 100 nodes by default, which allows 16 to 19 terms, so a chain starts with 15
(docs/d365.md#addresses-and-queries). If D365 refuses a chain, its halves are asked for instead, and the size that
worked is kept per environment.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from case_shared.d365.errors import D365Misconfigured, D365RefusedKeys
from case_shared.d365.odata import fitting
from case_shared.process.clock import Clock

log = structlog.get_logger(__name__)
FIRST_TERMS = 15
# Meanwhile `casebridge d365 check` may have found another limit.
_RELOAD_SECONDS = 600.0
# OData answers 400 to a filter that is too long; to an address that is too long IIS answers 404, gateways 414.
_TOO_LONG = frozenset({400, 404, 414})

Ask = Callable[[Sequence[str]], Awaitable[None]]


class ChainMemory(Protocol):
    """Where the limit of one environment is kept."""

    async def load(self) -> int | None:
        """Return the most terms known to work in one filter, or None if unknown."""

    async def store(self, terms: int) -> None:
        """Keep the number."""


class Chains:
    """Asks for many values, with as many per request as D365 takes."""

    def __init__(self, memory: ChainMemory | None, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._most = FIRST_TERMS
        self._loaded_at: float | None = None

    async def ask(self, field: str, values: Sequence[str], ask: Ask, *, besides: int = 0) -> None:
        """Call `ask` with each of `values` once, a share at a time; `besides`: further terms in each request.

        Raises: whatever `ask` raises; D365Misconfigured only if D365 refuses every single value; D365RefusedKeys if it
        refuses some and takes others.
        """
        await self._load()
        run = _Run(ask)
        rest = list(dict.fromkeys(values))
        while rest:
            share = fitting(field, rest[: max(1, self._most - besides)])
            rest = rest[len(share) :]
            if (largest := await run.halve(share)) and largest < len(share):
                await self._learn(largest + besides)
        run.end()

    async def _load(self) -> None:
        now = self._clock.monotonic()
        if self._memory is None or (self._loaded_at is not None and now - self._loaded_at < _RELOAD_SECONDS):
            return
        self._loaded_at = now
        self._most = await self._memory.load() or self._most

    async def _learn(self, terms: int) -> None:
        log.warning("d365_takes_fewer_terms", terms=terms, before=self._most)
        self._most = terms
        if self._memory:
            await self._memory.store(terms)


class _Run:
    """The shares of one call, and how D365 answered them."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._answered = False
        self._refused: dict[str, D365Misconfigured] = {}

    async def halve(self, share: Sequence[str]) -> int:
        """Ask for `share`, in halves if D365 refuses it; return the largest size it took, 0 if it refused one value.

        If D365 takes one half, the other was not too long: a value in it is to blame.
        """
        try:
            await self._ask(share)
            self._answered = True
            return len(share)
        except D365Misconfigured as error:
            if error.status not in _TOO_LONG:
                raise
            if len(share) == 1:
                self._blame(share[0], error)
                return 0
        middle = (len(share) + 1) // 2
        first, second = await self.halve(share[:middle]), await self.halve(share[middle:])
        return max(first, second) if first and second else 0

    def _blame(self, value: str, error: D365Misconfigured) -> None:
        self._refused[value] = error
        if not self._answered and len(self._refused) > 1:
            # Two single values refused in a row: the values are not the reason.
            raise error

    def end(self) -> None:
        """Raise the error for the values that D365 refused, if any."""
        if not self._refused:
            return
        error = next(iter(self._refused.values()))
        if not self._answered:
            raise error
        refused = D365RefusedKeys(frozenset(self._refused), error.why, status=error.status)
        refused.support = error.support
        raise refused
