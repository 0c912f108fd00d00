"""Reads a consumer's records one partition at a time, so that a broken one does not lose others.

aiokafka's `getmany` takes records of several partitions and moves their positions; if one of them then cannot be
decoded, it raises, and drops what it had taken of the others. So each partition is asked by itself. What aiokafka
cannot decode is fetched again as bytes and decoded record by record (`record_batches`).
"""

import asyncio
from collections.abc import Sequence
from itertools import chain

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    ConsumerStoppedError,
    CorruptRecordException,
    IllegalStateError,
    KafkaError,
    UnsupportedCodecError,
)

from case_shared.kafka.connection import RawRecord
from case_shared.kafka.record_batches import decode_batches
from case_shared.process.private import fetch_bytes, wait_for_records

log = structlog.get_logger(__name__)
_WAIT_SECONDS = 0.25
_POSITION_SECONDS = 5.0
_FETCH_BYTES = 1024 * 1024
# Not a partition of ours: aiokafka counts a consumer that asks for nothing as idle, and an idle one leaves its group.
_NOWHERE = TopicPartition("nowhere", 0)
_UNDECODABLE = (CorruptRecordException, UnsupportedCodecError)


class Reader:
    """Reads the partitions that `consumer` is assigned."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._turn = 0

    async def read(self, most: int) -> list[RawRecord]:
        """Return up to about `most` records, in the order of their partitions; none if nothing comes for a moment.

        A later error does not lose what is returned: the next call raises it. Raises: whatever ends the fetching.
        """
        found = await self._read_each(most)
        if not found:
            await wait_for_records(self._consumer, _WAIT_SECONDS)
            found = await self._read_each(most)
        return found

    async def _read_each(self, most: int) -> list[RawRecord]:
        partitions = sorted(self._consumer.assignment())
        self._turn = (self._turn + 1) % max(len(partitions), 1)
        found: list[RawRecord] = []
        for partition in chain(partitions[self._turn :], partitions[: self._turn]):
            try:
                found += await self._read_one(partition, most - len(found))
            except Exception:
                if found:
                    break  # the next call meets it again
                raise
            if len(found) >= most:
                break
        if not partitions:
            await self._consumer.getmany(_NOWHERE)
        return found

    async def _read_one(self, partition: TopicPartition, most: int) -> Sequence[RawRecord]:
        try:
            read = await self._consumer.getmany(partition, max_records=most)
        except (ConsumerStoppedError, IllegalStateError):
            raise
        except KafkaError as error:
            if not isinstance(error, _UNDECODABLE):
                raise
            return await self._decode(partition, error)
        except Exception as error:  # noqa: BLE001 - codecs raise what they like
            return await self._decode(partition, error)
        records: Sequence[RawRecord] = read.get(partition, ())
        return records

    async def _decode(self, partition: TopicPartition, error: Exception) -> Sequence[RawRecord]:
        """Decode what aiokafka could not, and seek past it. Raises: `error` if the bytes are not its cause."""
        async with asyncio.timeout(_POSITION_SECONDS):
            offset = await self._consumer.position(partition)
        content = await fetch_bytes(self._consumer, partition, offset, _FETCH_BYTES)
        found = decode_batches(partition, offset, content)
        if found.next_offset is None or not (found.odd or isinstance(error, _UNDECODABLE)):
            raise error
        log.error(
            "records_decoded_one_by_one",
            topic=partition.topic,
            partition=partition.partition,
            offset=offset,
            next_offset=found.next_offset,
            error=repr(error),
        )
        self._consumer.seek(partition, found.next_offset)
        return found.records
