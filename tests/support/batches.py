"""Record batches as raw bytes, which no library's producer would send."""

import struct
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from aiokafka import TopicPartition, codec
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest

from case_shared.kafka.connection import KafkaSettings, connection_arguments
from case_shared.process.private import checksum
from tests.support.eventually import eventually

# Error codes for a topic that was just created: unknown, no leader, not the leader.
NOT_YET = (3, 5, 6)
# Of today: Kafka deletes records that are older than their topic keeps them, half a minute after its start and then
# every five minutes.
NOW_MS = int(time.time() * 1000)
CODECS: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    1: codec.gzip_encode,
    2: codec.snappy_encode,
    3: codec.lz4_encode,
    4: codec.zstd_encode,
}


class Sent(NamedTuple):
    """A record, with header names as bytes."""

    value: bytes | None
    key: bytes | None = b"k"
    headers: Sequence[tuple[bytes, bytes | None]] = ()
    timestamp: int = NOW_MS


def encoded(records: Sequence[Sent], compression: int = 0) -> bytes:
    """A record batch of format 2."""
    first = records[0].timestamp
    content = CODECS[compression](b"".join(_record(one, number, first) for number, one in enumerate(records)))
    greatest = max(one.timestamp for one in records)
    head = struct.pack(
        ">hiqqqhii", compression, len(records) - 1, first, greatest, -1, -1, -1, len(records)
    )  # fmt: skip
    checked = head + content
    return struct.pack(">qiibI", 0, len(checked) + 9, -1, 2, checksum(checked)) + checked


def _record(one: Sent, number: int, first: int) -> bytes:
    headers = b"".join(_field(name) + _field(value) for name, value in one.headers)
    own = (
        b"\0" + _varint(one.timestamp - first) + _varint(number) + _field(one.key) + _field(one.value)
        + _varint(len(one.headers)) + headers
    )  # fmt: skip
    return _varint(len(own)) + own


def _field(value: bytes | None) -> bytes:
    return _varint(-1) if value is None else _varint(len(value)) + value


def _varint(number: int) -> bytes:
    zigzag = ((number << 1) ^ (number >> 63)) & (2**64 - 1)
    taken = bytearray()
    while zigzag > 0x7F:
        taken.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*taken, zigzag])


@dataclass(frozen=True)
class Sender:
    """Sends batches."""

    client: AIOKafkaClient

    async def send(self, place: TopicPartition, batch: bytes) -> tuple[int, int]:
        """Send once the new topic exists; returns the error code and the offset of the first record."""
        return await eventually(lambda: self._send(place, batch), lambda answer: answer[0] not in NOT_YET)

    async def _send(self, place: TopicPartition, batch: bytes) -> tuple[int, int]:
        if self.client.cluster.leader_for_partition(place) in (None, -1):
            await self.client.force_metadata_update()
        node = self.client.cluster.leader_for_partition(place)
        if node in (None, -1):
            return NOT_YET[0], -1
        answer = await self.client.send(
            node, ProduceRequest(None, -1, 10_000, [(place.topic, [(place.partition, batch)])])
        )
        [(_topic, [(_partition, code, offset, *_more)])] = answer.topics
        if code in NOT_YET:
            await self.client.force_metadata_update()
        return code, offset


@asynccontextmanager
async def sending(settings: KafkaSettings, *topics: str) -> AsyncIterator[Sender]:
    """A sender of batches to `topics` (full names)."""
    client = AIOKafkaClient(**connection_arguments(settings))
    await client.bootstrap()
    try:
        await client.set_topics(topics)
        yield Sender(client)
    finally:
        await client.close()


def spoil(folder: Path, place: TopicPartition, marker: bytes) -> None:
    """Change a byte of `marker` in the broker's file of `place`, as a failing disk does."""
    [segment] = folder.glob(f"**/{place.topic}-{place.partition}/*.log")
    at = segment.read_bytes().index(marker)
    with segment.open("r+b") as file:
        file.seek(at)
        file.write(bytes([marker[0] ^ 0xFF]))
