"""The queue of one client's events."""

import asyncio

from case_api.app.stream_queue import Event, Loss, Resync, Stream


def event(number: int, size: int = 10) -> Event:
    return Event(f"{number}.0", b"x" * size, 0.0)


async def test_what_is_pushed_is_taken_once_and_in_order() -> None:
    stream = Stream("d-1", 1000)
    stream.push(event(1))
    stream.push_first([event(0)])
    await asyncio.wait_for(stream.wait(60), 1)
    assert stream.take() == (None, [event(0), event(1)])
    await stream.wait(0)
    assert stream.take() == (None, [])


async def test_a_slow_reader_loses_what_waits_and_learns_so() -> None:
    stream = Stream("d-1", 25)
    for number in range(3):
        stream.push(event(number))
    stream.push(event(3))
    assert stream.take() == (Loss(Resync.TOO_SLOW, "2.0"), [event(3)])
    for number in (4, 5):
        stream.push(event(number))
    assert stream.take() == (None, [event(4), event(5)])


async def test_one_event_larger_than_the_queue_is_a_loss() -> None:
    stream = Stream("d-1", 25)
    stream.push(event(1, size=26))
    assert stream.take() == (Loss(Resync.TOO_SLOW, "1.0"), [])


async def test_a_stream_that_ended_does_not_wait() -> None:
    stream = Stream("d-1", 25)
    stream.end()
    stream.take()
    await asyncio.wait_for(stream.wait(60), 1)
