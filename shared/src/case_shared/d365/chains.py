"""Chains of `or`: D365 has no `in`, and how many terms a filter may have is published nowhere.

OData libraries bound a filter at 100 nodes by default, which lets 16 to 19 terms through, so a chain begins with 15
(docs/d365.md#addresses-and-queries). What D365 refuses is asked for again in halves, and the size that
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
# `casebridge d365 check` may have found another bound meanwhile.
_RELOAD_SECONDS = 600.0
# 400 is OData's answer; IIS answers 404, gateways 414, to an address that is too long for them.
_TOO_LONG = frozenset({400, 404, 414})

Ask = Callable[[Sequence[str]], Awaitable[None]]


class ChainMemory(Protocol):
    """Where the bound of one environment is kept."""

    async def load(self) -> int | None:
        """The most terms known to work in one filter; None where nothing is known."""

    async def store(self, terms: int) -> None:
        """Keep it."""


class Chains:
    """Asks for many values, as many in one request as D365 takes."""

    def __init__(self, memory: ChainMemory | None, clock: Clock) -> None:
        self._memory = memory
        self._clock = clock
        self._most = FIRST_TERMS
        self._loaded_at: float | None = None

    async def ask(self, field: str, values: Sequence[str], ask: Ask, *, besides: int = 0) -> None:
        """Call `ask` with all of `values`, each once, a share at a time; `besides`: terms that go along with each.

        Raises: what `ask` raises, D365Misconfigured only where D365 refuses values one by one; D365RefusedKeys where it
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
    """The shares of one call, and what D365 said to them."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._answered = False
        self._refused: dict[str, D365Misconfigured] = {}

    async def halve(self, share: Sequence[str]) -> int:
        """Ask for `share`, in halves where D365 refuses it; how many values the largest part had, 0 if one is refused.

        A part whose other half is taken was not too long: the value in it is to blame.
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
            # Two values in a row, each by itself: it is not the values.
            raise error

    def end(self) -> None:
        """Raise what D365 refused."""
        if not self._refused:
            return
        error = next(iter(self._refused.values()))
        if not self._answered:
            raise error
        refused = D365RefusedKeys(frozenset(self._refused), error.why, status=error.status)
        refused.support = error.support
        raise refused
