"""Kafka's record batches, decoded so that a broken record harms only itself.

aiokafka decodes a fetch as a whole: a header name that is not UTF-8, a codec that it lacks or one wrong byte stops the
partition. Here each record that can be decoded is one, and the rest is `UndecodableRecord`, with its offsets. The
format (magic 2): https://kafka.apache.org/documentation/#recordbatch.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from aiokafka import TopicPartition, codec

from case_shared.kafka.connection import RawRecord
from case_shared.process.private import checksum

_HEADER = struct.Struct(">qiibIhiqqqhii")
_LENGTH_END = 12
_CHECKED_FROM = 21
_MAGIC = 2
_CODEC, _LOG_APPEND_TIME, _CONTROL = 0x07, 0x08, 0x20
_LONGEST_VARINT = 10
_LATEST_MS = 253_402_300_799_000
_CODECS: dict[int, tuple[str, Callable[[bytes], bytes]]] = {
    1: ("gzip", lambda content: codec.gzip_decode(content)),
    2: ("snappy", lambda content: codec.snappy_decode(content)),
    3: ("lz4", lambda content: codec.lz4_decode(content)),
    4: ("zstd", lambda content: codec.zstd_decode(content)),
}


@dataclass(frozen=True, slots=True)
class DecodedRecord:
    """A record as aiokafka would return it; bytes of a header's name that are not UTF-8 become lone surrogates."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class UndecodableRecord:
    """One or several records, `offset` to `last_offset`, that cannot be decoded; `value` is their bytes as stored."""

    topic: str
    partition: int
    offset: int
    last_offset: int
    timestamp: int
    value: bytes | None
    cause: str
    key: bytes | None = None
    headers: tuple[tuple[str, bytes | None], ...] = ()


Decoded = DecodedRecord | UndecodableRecord


@dataclass(frozen=True, slots=True)
class Batches:
    """The records found, in order, and the offset after them, None if no batch was whole.

    `odd`: something that aiokafka does not decode was among them.
    """

    records: list[Decoded]
    next_offset: int | None
    odd: bool


def record_time(record: RawRecord) -> datetime:
    """Return when `record` was sent, by its sender's clock; clamped to the years 1970 to 9999."""
    return datetime.fromtimestamp(min(max(record.timestamp, 0), _LATEST_MS) / 1000, UTC)


class _Broken(Exception):
    """The bytes do not have the expected form."""


def decode_batches(place: TopicPartition, offset: int, content: bytes) -> Batches:
    """Decode what the broker sent for `offset` of `place`, up to the first odd batch.

    aiokafka may be able to decode what follows that batch; a batch that is cut off at the end is left out.
    """
    records: list[Decoded] = []
    next_offset, start, odd = None, 0, False
    while not odd and (end := _end(content, start)) is not None:
        batch = _Batch(place, content[start:end])
        if batch.last_offset >= offset:
            found = [record for record in batch.records() if _last(record) >= offset]
            records += found
            odd = batch.odd
            next_offset = batch.last_offset + 1
        start = end
    return Batches(records, next_offset, odd)


def _end(content: bytes, start: int) -> int | None:
    """Return where the batch at `start` ends, or None if it is incomplete."""
    if len(content) < start + _HEADER.size:
        return None
    end: int = start + _LENGTH_END + struct.unpack_from(">i", content, start + 8)[0]
    return end if start + _HEADER.size <= end <= len(content) else None


def _last(record: Decoded) -> int:
    return record.last_offset if isinstance(record, UndecodableRecord) else record.offset


class _Batch:
    """One batch; `odd` once something in it could not be decoded properly."""

    def __init__(self, place: TopicPartition, content: bytes) -> None:
        self._place = place
        self._content = content
        (self._base, _, _, self._magic, self._crc, self._attributes, last, self._first_ms, self._greatest_ms) = (
            _HEADER.unpack_from(content)[:9]
        )
        self._count = _HEADER.unpack_from(content)[12]
        self.last_offset: int = self._base + max(last, 0)
        self.odd = False

    def records(self) -> Iterator[Decoded]:
        """Yield the records in order; none of a control batch (a transaction's end)."""
        if self._magic != _MAGIC:
            yield self._broken(self._base, f"record format {self._magic} is not supported")
        elif checksum(self._content[_CHECKED_FROM:]) != self._crc:
            yield self._broken(self._base, "the batch's checksum does not match its content: it is corrupt")
        elif not self._attributes & _CONTROL:
            yield from self._unpacked()

    def _unpacked(self) -> Iterator[Decoded]:
        try:
            content = self._decompressed()
        except (Exception, MemoryError) as error:  # noqa: BLE001 - each codec raises its own
            yield self._broken(self._base, f"the batch cannot be decompressed: {error}")
            return
        reader, behind = _Reader(content), self._base
        for _ in range(self._count):
            try:
                own = reader.take(reader.varint())
            except _Broken as error:
                yield self._broken(behind, f"the batch is incomplete: {error}")
                return
            record = self._record(own, behind)
            behind = _last(record) + 1
            yield record
        self.odd = self.odd or not reader.at_end
        if not reader.at_end and behind <= self.last_offset:
            yield self._broken(behind, "the batch contains more than its record count says")

    def _decompressed(self) -> bytes:
        number = self._attributes & _CODEC
        content = self._content[_HEADER.size :]
        if number == 0:
            return content
        if number not in _CODECS:
            raise ValueError(f"compression codec {number} is unknown")
        name, decompress = _CODECS[number]
        try:
            return decompress(content)
        except Exception as error:
            raise ValueError(f"{name}: {error!r}") from error

    def _record(self, own: bytes, expected: int) -> Decoded:
        offset, timestamp = expected, self._greatest_ms
        try:
            reader = _Reader(own)
            reader.take(1)  # attributes; none is in use
            delta_ms, offset = reader.varint(), self._base + reader.varint()
            if not expected <= offset <= self.last_offset:
                raise _Broken(f"offset {offset} is out of order")  # noqa: TRY301
            if not self._attributes & _LOG_APPEND_TIME:
                timestamp = self._first_ms + delta_ms
            key, value = reader.field(), reader.field()
            headers = self._headers(reader)
            self.odd = self.odd or not reader.at_end
            return DecodedRecord(self._place.topic, self._place.partition, offset, timestamp, key, value, headers)
        except _Broken as error:
            self.odd = True
            at = offset if expected <= offset <= self.last_offset else expected
            return UndecodableRecord(
                self._place.topic,
                self._place.partition,
                at,
                at,
                timestamp,
                own,
                f"the record cannot be decoded: {error}",
            )

    def _headers(self, reader: "_Reader") -> tuple[tuple[str, bytes | None], ...]:
        found: list[tuple[str, bytes | None]] = []
        count = reader.varint()
        if count < 0:
            raise _Broken(f"{count} headers")
        for _ in range(count):
            name, value = reader.field(), reader.field()
            if name is None:
                raise _Broken("a header has no name")
            text = name.decode("utf-8", "surrogateescape")
            self.odd = self.odd or not text.isprintable()
            found.append((text, value))
        return tuple(found)

    def _broken(self, offset: int, cause: str) -> UndecodableRecord:
        self.odd = True
        return UndecodableRecord(
            self._place.topic, self._place.partition, offset, self.last_offset, self._greatest_ms, self._content, cause
        )


class _Reader:
    """Reads one field after another; raises `_Broken` if they do not fit."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._content)

    def take(self, length: int) -> bytes:
        end = self._at + length
        if length < 0 or end > len(self._content):
            raise _Broken(f"the length {length} at byte {self._at} is out of range")
        taken, self._at = self._content[self._at : end], end
        return taken

    def field(self) -> bytes | None:
        length = self.varint()
        return None if length == -1 else self.take(length)

    def varint(self) -> int:
        """Read a signed number in zigzag coding, seven bits per byte."""
        number = 0
        for place in range(_LONGEST_VARINT):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return (number >> 1) ^ -(number & 1)
        raise _Broken(f"the number at byte {self._at} is too long")
