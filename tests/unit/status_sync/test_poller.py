"""How long the poll pauses after a failure, what one failing step means for others, and what a due read waits for."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest

from case_shared.d365.errors import D365Error, D365Forbidden, D365Throttled, D365Unavailable
from case_shared.database.leadership import Lease
from case_shared.process.heartbeats import Heartbeats
from case_shared.process.loops import WakeUp
from status_sync import poller as module
from status_sync.poller import Patience, Poller


class ManualClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def now(self) -> datetime:
        return datetime(2026, 11, 23, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


def test_the_pause_doubles_and_has_an_end() -> None:
    patience = Patience(ManualClock())
    pauses = [patience.failed("reader", D365Unavailable("down")) for _ in range(40)]
    assert all(0.2 <= pause <= 5.0 for pause in pauses)
    assert pauses[0] <= 0.4 < 2.5 <= min(pauses[10:])


def test_d365_says_how_long() -> None:
    clock = ManualClock()
    patience = Patience(clock)
    assert not patience.exhausted()
    assert patience.failed("reader", D365Throttled("busy", retry_after=17)) == 17
    clock.seconds += 16.9
    assert patience.exhausted()
    clock.seconds += 0.2
    assert not patience.exhausted()


def test_another_failure_does_not_shorten_what_d365_asked_for() -> None:
    clock = ManualClock()
    patience = Patience(clock)
    patience.failed("reader", D365Throttled("busy", retry_after=60))
    assert patience.failed("poller", D365Unavailable("down")) == 60
    clock.seconds += 30
    assert patience.exhausted()
    assert patience.failed("poller", D365Throttled("busy", retry_after=10)) == 30
    clock.seconds += 30.1
    assert not patience.exhausted()


def test_d365_cannot_take_our_own_pause_away() -> None:
    patience = Patience(ManualClock())
    pauses = [patience.failed("reader", D365Throttled("busy", retry_after=0)) for _ in range(12)]
    assert pauses[0] >= 0.2
    assert pauses[-1] >= 2.5


def test_an_answer_makes_it_forget() -> None:
    patience = Patience(ManualClock())
    for _ in range(10):
        patience.failed("reader", D365Unavailable("down"))
    patience.succeeded("reader")
    assert patience.failed("reader", D365Unavailable("down")) <= 0.4


def test_a_loop_that_asked_for_nothing_does_not_shorten_anothers_pause() -> None:
    patience = Patience(ManualClock())
    for _ in range(10):
        patience.failed("poller", D365Unavailable("down"))
        patience.succeeded("reader")
    assert patience.failed("poller", D365Unavailable("down")) >= 2.5


DOWN = D365Unavailable("down")


async def _nothing() -> None:
    pass


async def _nothing_due() -> bool:
    return False


@pytest.mark.parametrize(
    ("failures", "run", "raised"),
    [
        ({}, ["dealers", "categories", "cases"], None),
        ({"dealers": DOWN}, ["dealers", "categories", "cases"], None),
        ({"dealers": D365Forbidden("403"), "categories": DOWN}, ["dealers", "categories", "cases"], None),
        ({"dealers": DOWN, "categories": DOWN}, ["dealers", "categories"], D365Unavailable),
        ({"dealers": D365Throttled("busy", retry_after=0)}, ["dealers"], D365Throttled),
    ],
    ids=["none", "one list", "one list, one refused", "D365 as a whole", "throttled"],
)
async def test_one_list_that_cannot_be_read_does_not_keep_the_cases_from_being_read(
    failures: dict[str, D365Error], run: list[str], raised: type[D365Error] | None
) -> None:
    clock, seen = ManualClock(), list[str]()

    def step(name: str) -> Callable[[], Awaitable[None]]:
        async def read() -> None:
            seen.append(name)
            if error := failures.get(name):
                raise error

        return read

    steps = [(name, step(name)) for name in ("dealers", "categories", "cases")]
    heartbeats = Heartbeats(clock)
    poller = Poller(_nothing_due, steps, 60, 30, clock, heartbeats, WakeUp(), Patience(clock), _nothing, ())
    with pytest.raises(raised) if raised else nullcontext():
        await poller.poll()
    assert seen == run
    # A step that was not tried reports why, in D365's words.
    untried = [heartbeats.outcome(name).error for name, _ in steps if name not in seen]
    assert untried == [str(failures.get(run[-1]))] * len(untried)


@pytest.mark.parametrize(
    ("error", "run"),
    [(D365Throttled("busy", retry_after=60), ["dealers"]), (DOWN, ["dealers", "categories"])],
    ids=["D365 asked to wait", "one read fails"],
)
async def test_the_poll_stops_between_its_steps_once_d365_asked_the_reader_to_wait(
    error: D365Error, run: list[str]
) -> None:
    clock, seen = ManualClock(), list[str]()
    heartbeats, patience = Heartbeats(clock), Patience(clock)

    async def dealers() -> None:
        seen.append("dealers")
        patience.failed("reader", error)

    async def categories() -> None:
        seen.append("categories")

    steps = [("dealers", dealers), ("categories", categories)]
    poller = Poller(_nothing_due, steps, 60, 30, clock, heartbeats, WakeUp(), patience, _nothing, ())
    done = await poller.poll()
    assert seen == run
    assert done is (len(run) == len(steps)), "an interrupted poll begins again, and does not wait for the next one"
    assert (heartbeats.outcome("categories").error is None) is done


async def test_a_step_that_meets_another_error_is_reported_with_those_behind_it() -> None:
    async def broken() -> None:
        raise ConnectionResetError

    async def fine() -> None:
        pass

    clock = ManualClock()
    heartbeats = Heartbeats(clock)
    steps = [("dealers", fine), ("categories", broken), ("cases", fine)]
    poller = Poller(_nothing_due, steps, 60, 30, clock, heartbeats, WakeUp(), Patience(clock), _nothing, ())
    with pytest.raises(ConnectionResetError):
        await poller.poll()
    errors = [heartbeats.outcome(name).error for name, _ in steps]
    assert errors == [None, "ConnectionResetError", "ConnectionResetError"]


@pytest.mark.parametrize("spacing", [3600, 0.05])
async def test_a_due_case_is_read_at_once_and_those_that_follow_share_a_read(
    spacing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_TICK_SECONDS", 3600)
    monkeypatch.setattr(module, "_READ_SPACING_SECONDS", spacing)
    clock, wake_up, stopping, due = ManualClock(), WakeUp(), asyncio.Event(), ["a"]
    reads: asyncio.Queue[list[str]] = asyncio.Queue()

    async def read() -> bool:
        reads.put_nowait(due.copy())
        due.clear()
        return False

    poller = Poller(read, (), 3600, 30, clock, Heartbeats(clock), wake_up, Patience(clock), _nothing, ())
    leading = asyncio.create_task(poller.lead(Lease("poller", 1, clock, clock.monotonic() + 3600), stopping))
    async with asyncio.timeout(5):
        assert await reads.get() == ["a"]
        for key in ("b", "c", "d"):
            due.append(key)
            wake_up.wake()
        if spacing < 1:
            assert await reads.get() == ["b", "c", "d"]
        stopping.set()
        await leading
