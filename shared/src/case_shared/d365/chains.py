"""Chains of `or`: D365 has no `in`, and does not publish how many terms a filter may have.

OData libraries limit a filter to 100 nodes by default, which allows 16 to 19 terms, so a chain starts with 15
(docs/d365.md#addresses-and-queries). If D365 refuses a chain, its halves are asked for instead, and the size that
worked is kept per environment.

Halves are also asked for if D365 fails at a chain while it answers otherwise: it may be unable to write one of the rows
(OData/WebApi#2704), and nobody else may wait for that one. The key is named.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from case_shared.d365.errors import (
    D365AnswersTooMuch,
    D365Error,
    D365LostAnswer,
    D365Misconfigured,
    D365RefusedKeys,
    D365TransientError,
    D365UnreadableKeys,
)
from case_shared.d365.odata import fitting
from case_shared.process.clock import Clock

log = structlog.get_logger(__name__)
FIRST_TERMS = 15
# Meanwhile `casebridge d365 check` may have found another limit.
_RELOAD_SECONDS = 600.0
# OData answers 400 to a filter that is too long; to an address that is too long IIS answers 404, gateways 414.
_TOO_LONG = frozenset({400, 404, 414})

# 503 and 504 speak for the server, not for a row.
_AWAY = frozenset({503, 504})
# A call names this many keys at which D365 fails, and ends. If it reads no other, the keys may not be the reason.
_MOST_UNREADABLE = 5
_MOST_IF_NONE_IS_READ = 2

Ask = Callable[[Sequence[str]], Awaitable[None]]
Control = Callable[[], Awaitable[None]]


def fails_at_a_row(error: D365TransientError) -> bool:
    """Whether D365 may have failed at one row: a server error, an answer that is cut off, or a broken connection."""
    if isinstance(error, D365LostAnswer):
        return True
    status = error.status or 0
    answered = status >= 500 or 200 <= status < 300
    return answered and status not in _AWAY and not isinstance(error, D365AnswersTooMuch)


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

    async def ask(
        self, field: str, values: Sequence[str], ask: Ask, *, besides: int = 0, control: Control | None = None
    ) -> None:
        """Call `ask` with each of `values` once, a share at a time; `besides`: further terms in each request.

        `control` is a cheap read that shows whether D365 answers at all.
        Raises: whatever `ask` raises; D365Misconfigured only if D365 refuses every single value; D365RefusedKeys if it
        refuses some and takes others, D365UnreadableKeys if it fails at some and answers otherwise.
        """
        await self._load()
        run = _Run(ask, control)
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

    def __init__(self, ask: Ask, control: Control | None) -> None:
        self._ask = ask
        self._control = control
        self._answered = False
        # Whether D365 has answered just before: then one failure does not need a control.
        self._alive = False
        self._refused: dict[str, D365Misconfigured] = {}
        self._unreadable: dict[str, D365TransientError] = {}

    async def halve(self, share: Sequence[str]) -> int:
        """Ask for `share`, in halves if D365 refuses it; return the largest size it took, 0 if it refused one value.

        If D365 takes one half, the other was not too long: a value in it is to blame. A failure says nothing of sizes.
        """
        try:
            return await self._take(share)
        except D365Misconfigured as error:
            if error.status not in _TOO_LONG:
                raise
            if len(share) == 1:
                self._blame(share[0], error)
                return 0
        except D365TransientError as error:
            await self._rule_out_an_outage(error)
            await self._narrow_down(share)
            return 0
        middle = (len(share) + 1) // 2
        first, second = await self.halve(share[:middle]), await self.halve(share[middle:])
        return max(first, second) if first and second else 0

    async def _take(self, share: Sequence[str]) -> int:
        await self._ask(share)
        self._answered = self._alive = True
        return len(share)

    async def _narrow_down(self, share: Sequence[str]) -> None:
        """Ask for what D365 failed at once more, in halves; the younger one first, for trouble is old."""
        if len(share) > 1:
            middle = (len(share) + 1) // 2
            await self.halve(share[middle:])
            await self.halve(share[:middle])
            return
        try:
            await self._take(share)
        except D365TransientError as error:
            await self._rule_out_an_outage(error)
            self._note_unreadable(share[0], error)

    async def _rule_out_an_outage(self, error: D365TransientError) -> None:
        """Raise `error` unless D365 fails at a row, and answers otherwise: one that is down is asked twice at most."""
        if not fails_at_a_row(error) or self._control is None:
            raise error
        if self._alive:
            self._alive = False
            return
        try:
            await self._control()
        except D365Error:
            raise error from None
        self._alive = True

    def _note_unreadable(self, value: str, error: D365TransientError) -> None:
        self._unreadable[value] = error
        if len(self._unreadable) == (_MOST_UNREADABLE if self._answered else _MOST_IF_NONE_IS_READ):
            self.end()

    def _blame(self, value: str, error: D365Misconfigured) -> None:
        self._refused[value] = error
        if not self._answered and len(self._refused) > 1:
            # Two single values refused in a row: the values are not the reason.
            raise error

    def end(self) -> None:
        """Raise the error for the values that D365 refused, or at which it failed, if any."""
        errors: dict[str, D365Misconfigured | D365TransientError] = {**self._refused, **self._unreadable}
        if not errors:
            return
        error = next(iter(errors.values()))
        if not self._answered and not self._unreadable:
            raise error
        kind = D365UnreadableKeys if self._unreadable else D365RefusedKeys
        refused = kind(frozenset(errors), error.why, status=error.status)
        refused.support = error.support
        raise refused
