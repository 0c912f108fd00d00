"""Reading a batch: in order, and without blocking the event loop for others."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from case_shared.kafka.connection import RawRecord
from case_shared.kafka.records import read_batch

BATCH = 500


@dataclass
class Raw:
    offset: int
    topic: str = "numbers"
    partition: int = 0
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = b"1"
    headers: Sequence[tuple[str, Any]] = ()


async def test_others_have_their_turns_while_a_batch_is_read() -> None:
    """PostgreSQL's answers to the previous batch are handled before this one is read completely."""
    read: list[int] = []
    seen: list[int] = []

    async def write_the_batch_before() -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            seen.append(len(read))

    def note(record: RawRecord) -> int:
        read.append(record.offset)
        return record.offset

    writing = asyncio.create_task(write_the_batch_before())
    batch = await read_batch([Raw(offset) for offset in range(BATCH)], note)
    await writing
    assert [one.value for one in batch.good] == list(range(BATCH))
    assert seen[-1] < BATCH / 2
