"""When each loop last made progress, and how it fared: a stuck loop makes `/healthz` fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from case_shared.process.clock import Clock


class NotReady(Exception):
    """A check does not pass; the message says why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a loop or step of this process has fared: seconds since its last success and its last try, None for never.

    `error` says why the last try failed, None if it succeeded; `kind` is the concern for it, if it has a name.
    """

    success_seconds: float | None = None
    try_seconds: float | None = None
    error: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Heartbeats:
    """When each loop of this process last made progress, and when it last succeeded.

    A loop that waits on purpose (a standby, an open circuit breaker, a pause) beats too; only a stuck one does not. A
    turn that fails beats, but does not count as a success.
    """

    clock: Clock
    _last: dict[str, float] = field(default_factory=dict)
    _limits: dict[str, float] = field(default_factory=dict)
    _succeeded: dict[str, float] = field(default_factory=dict)
    _tried: dict[str, tuple[float, str | None, str | None]] = field(default_factory=dict)

    def expect(self, loop: str, *, within_seconds: float) -> None:
        """Count `loop` among those that must beat at least every `within_seconds`."""
        self._limits[loop] = within_seconds
        self.beat(loop)

    def beat(self, loop: str) -> None:
        """Note that `loop` has made progress now."""
        self._last[loop] = self.clock.monotonic()

    def succeeded(self, name: str) -> None:
        """Note that the loop or step `name` has done its work now, or had nothing to do."""
        now = self.clock.monotonic()
        self._succeeded[name], self._tried[name] = now, (now, None, None)

    def failed(self, name: str, error: str, kind: str | None = None) -> None:
        """Note that it tried now and failed; `kind` is the concern for it, if it has its own."""
        self._tried[name] = self.clock.monotonic(), error, kind

    def outcome(self, name: str) -> Outcome:
        """Return how `name` has fared in this process."""
        now, (tried, error, kind) = self.clock.monotonic(), self._tried.get(name, (None, None, None))
        succeeded = self._succeeded.get(name)
        since = None if succeeded is None else now - succeeded
        return Outcome(since, None if tried is None else now - tried, error, kind)

    def forget(self, loop: str) -> None:
        """Stop expecting `loop`: it ended on purpose."""
        self._limits.pop(loop, None)

    @contextmanager
    def during(self, work: str, *, within_seconds: float) -> Iterator[None]:
        """Expect the block to end within `within_seconds`; expect nothing of `work` while it does not run."""
        self.expect(work, within_seconds=within_seconds)
        try:
            yield
        finally:
            self.forget(work)

    def stuck(self) -> dict[str, float]:
        """Return the seconds since the last beat of each loop that is silent for longer than it may be."""
        now = self.clock.monotonic()
        silences = {loop: now - self._last[loop] for loop in self._limits}
        return {loop: round(silence, 1) for loop, silence in silences.items() if silence > self._limits[loop]}
