"""Spans of records that are sent or handled, by OpenTelemetry's conventions for messaging."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Protocol

from opentelemetry.trace import SpanKind

from case_shared.kafka.connection import RawRecord
from case_shared.process.telemetry import Exporting
from case_shared.process.tracing import record, working_on
from case_shared.words.events import Record, traceparent_of


class Outgoing(Protocol):
    """A record to send, and since when it has waited."""

    @property
    def record(self) -> Record: ...
    @property
    def since(self) -> datetime: ...


def _attributes(topic: str, operation: str, records: int) -> dict[str, str | int]:
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": topic,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.batch.message_count": records,
    }


def consuming(group: str, records: Sequence[RawRecord]) -> AbstractContextManager[object]:
    """Spans around the handling of records of one topic: one in the trace of each record."""
    if not records or not (Exporting.on or len(records) == 1):
        return nullcontext()  # if there are many, each log line names its record's own trace
    topic = records[0].topic
    attributes = {**_attributes(topic, "process", len(records)), "messaging.consumer.group.name": group}
    traces = [traceparent_of(one.headers) for one in records]
    return working_on(f"process {topic}", traces, kind=SpanKind.CONSUMER, attributes=attributes)


@contextmanager
def sending(topic: str, outgoing: Sequence[Outgoing]) -> Iterator[list[Record]]:
    """Spans around the sending of records: one for the time in the outbox and one for the way to Kafka, in the trace of
    each record. Yields the records to send: with the trace as it continues.
    """
    if not Exporting.on:
        yield [one.record for one in outgoing]
        return
    traces = [traceparent_of(one.record.headers) for one in outgoing]
    waited = [record(f"outbox {topic}", trace, one.since) for trace, one in zip(traces, outgoing, strict=True)]
    attributes = _attributes(topic, "send", len(outgoing))
    with working_on(f"send {topic}", waited, kind=SpanKind.PRODUCER, attributes=attributes) as goes_on:
        yield [one.record.traced(trace) for one, trace in zip(outgoing, goes_on, strict=True)]
