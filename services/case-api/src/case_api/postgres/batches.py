"""Concurrent requests share a statement; a lone one runs at once. No timer: a batch is what came meanwhile.

The round trip is most of what a submission costs the database and us, so sharing it triples the rate
(docs/benchmarks.md).
"""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

RequestT = TypeVar("RequestT")
AnswerT = TypeVar("AnswerT")


@dataclass
class Batches(Generic[RequestT, AnswerT]):
    """Runs requests by `run`, up to `size` together, in up to `flights` statements at a time.

    `run` answers in the order of its requests, and does all of them or none.
    """

    run: Callable[[Sequence[RequestT]], Awaitable[Sequence[AnswerT]]]
    size: int
    flights: int
    _waiting: deque[tuple[RequestT, asyncio.Future[AnswerT]]] = field(default_factory=deque)
    _flying: dict[asyncio.Task[None], int] = field(default_factory=dict)

    async def ask(self, request: RequestT) -> AnswerT:
        """Return the answer to `request`. A canceled caller leaves its request running, like one that hangs up."""
        future: asyncio.Future[AnswerT] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        self._fly()
        return await future

    def _fly(self) -> None:
        while self._waiting and len(self._flying) < self.flights:
            batch = [self._waiting.popleft() for _ in range(min(self.size, self._share()))]
            task = asyncio.create_task(self._answer(batch))
            self._flying[task] = len(batch)
            task.add_done_callback(self._landed)

    def _share(self) -> int:
        """Return how many of the waiting requests the next statement takes, so that all take about as many.

        If it took all, callers that ask again would stay as they first met: one in one statement, the rest in another.
        """
        known = len(self._waiting) + sum(self._flying.values())
        return min(len(self._waiting), math.ceil(known / self.flights))

    def _landed(self, task: asyncio.Task[None]) -> None:
        del self._flying[task]
        self._fly()

    async def _answer(self, batch: Sequence[tuple[RequestT, asyncio.Future[AnswerT]]]) -> None:
        try:
            answers = await self.run([request for request, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the caller's answer
            if len(batch) == 1:
                _settle(batch[0][1], error=error)
                return
            # One of them may be to blame, or a deadlock with another batch: run each by itself.
            for item in batch:
                await self._answer([item])
            return
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        for (_, future), answer in zip(batch, answers, strict=True):
            _settle(future, answer)


def _settle(future: "asyncio.Future[AnswerT]", answer: AnswerT | None = None, error: Exception | None = None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(answer)  # type: ignore[arg-type]
