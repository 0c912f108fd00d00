"""FastStream's broker as a consumer uses it: made, joined to a group, told which offsets are done, stopped in time.

FastStream's own loop, parsers and acknowledgements are not used: its loop logs nothing without a logger and goes on
after any error of fetching, its parser raises on a header that is no UTF-8, and its `ack` commits whatever was fetched.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from case_shared.kafka.connection import METADATA_MS, RawRecord
from case_shared.kafka.consumer_state import next_offset
from case_shared.process.private import close_connections, inner_tasks

log = structlog.get_logger(__name__)
STOP_SECONDS = 5.0


class Reading(NamedTuple):
    """One group's reading of one topic, by their full names; `instance` names a static member."""

    topic: str
    group: str
    instance: str | None
    session_ms: int

    async def start(self, broker: KafkaBroker) -> AIOKafkaConsumer:
        """Start `broker` with this subscription alone; returns its consumer, which has joined the group."""
        subscriber = broker.subscriber(
            self.topic,
            group_id=self.group,
            group_instance_id=self.instance,
            # Also where the group's place is gone: never `latest`, which would skip what nobody has handled.
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            session_timeout_ms=self.session_ms,
            # A member learns by its heartbeat's answer that the group shares the partitions anew.
            heartbeat_interval_ms=self.session_ms // 5,
        )
        await broker.start()
        consumer: AIOKafkaConsumer | None = subscriber.consumer
        assert consumer is not None
        return consumer


async def stop(broker: KafkaBroker, writing: Collection["asyncio.Task[bool]"]) -> None:
    """Let `writing` end and leave the groups, in a few seconds."""
    consumers: list[Any] = [subscriber.consumer for subscriber in broker.subscribers]  # type: ignore[attr-defined]
    # aiokafka leaves its group on the way out, and would wait long for a coordinator that is dead.
    try:
        async with asyncio.timeout(STOP_SECONDS):
            if writing:
                await asyncio.wait(writing)
            await broker.stop()
    except TimeoutError:
        log.warning("consumers_not_stopped_cleanly", seconds=STOP_SECONDS)
    except Exception as error:  # noqa: BLE001 - what had ended a task of aiokafka's comes out again here
        log.warning("consumers_not_stopped_cleanly", error=repr(error))
        # Its own way out did not come to the connections.
        for consumer in filter(None, consumers):
            await close_connections(consumer)


def create_broker(arguments: dict[str, Any], client_id: str) -> KafkaBroker:
    """A broker that connects by `arguments` (`connection.connection_arguments`) and acknowledges nothing."""
    return KafkaBroker(
        arguments["bootstrap_servers"],
        security=_security(arguments),
        client_id=client_id,
        consumer_only=True,
        apply_types=False,
        ack_policy=AckPolicy.MANUAL,
        graceful_timeout=STOP_SECONDS,
        metadata_max_age_ms=METADATA_MS,
        logger=None,
    )


def _security(arguments: dict[str, Any]) -> Any:
    context = arguments.get("ssl_context")
    classes = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}
    if "sasl_mechanism" in arguments:
        return classes[arguments["sasl_mechanism"]](
            username=arguments["sasl_plain_username"],
            password=arguments["sasl_plain_password"],
            ssl_context=context,
            use_ssl=context is not None,
        )
    return BaseSecurity(ssl_context=context, use_ssl=context is not None)


async def commit(consumer: Any, records: Sequence[RawRecord]) -> None:
    """Commit the offsets behind `records`, and of nothing else.

    Where it fails the records come again, to us or to the partition's new owner, and are known by then.
    """
    # The last one of a partition counts, for they are in its order.
    behind = {(record.topic, record.partition): next_offset(record) for record in records}
    try:
        await consumer.commit({TopicPartition(*partition): offset for partition, offset in behind.items()})
    except (CommitFailedError, IllegalStateError) as error:
        log.info("commit_not_ours_any_more", error=repr(error))
    except Exception as error:  # noqa: BLE001 - uvloop raises RuntimeError where the connection was just closed
        log.warning("commit_failed", error=repr(error))


def is_alive(consumer: AIOKafkaConsumer) -> bool:
    """Whether aiokafka's own tasks of `consumer` run.

    What they do not foresee ends them with a line in the log (uvloop: a write to a connection just closed is a
    RuntimeError). Then the consumer keeps its partitions and waits for ever.
    """
    return not any(task.done() for task in inner_tasks(consumer))
