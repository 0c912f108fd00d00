"""FastStream's broker as a consumer uses it: created, joined to a group, committing what is done, stopped in time.

FastStream's own loop, parsers and acknowledgments are not used: its loop logs nothing without a logger and goes on
after any error of fetching, its parser fails on a header that is not UTF-8, and its `ack` commits all it fetched.
"""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    NodeNotReadyError,
    RequestTimedOutError,
    StaleMetadata,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLOAuthBearer, SASLPlaintext, SASLScram256, SASLScram512

from case_shared.kafka.connection import METADATA_MS, RawRecord
from case_shared.kafka.consumer_state import next_offset
from case_shared.process.private import abandon, inner_tasks

log = structlog.get_logger(__name__)
STOP_SECONDS = 5.0
_LEAVE_SECONDS = 3.0
# aiokafka would try forever, and the next batch waits for it.
_COMMIT_SECONDS = 10.0
_UNANSWERED = (KafkaConnectionError, KafkaTimeoutError, NodeNotReadyError, RequestTimedOutError, StaleMetadata)


class Reading(NamedTuple):
    """How one group reads one topic, by their full names; `instance` names a static member."""

    topic: str
    group: str
    instance: str | None
    session_ms: int

    async def start(self, broker: KafkaBroker) -> AIOKafkaConsumer:
        """Start `broker` with only this subscription; return its consumer, which has joined the group."""
        subscriber = broker.subscriber(
            self.topic,
            group_id=self.group,
            group_instance_id=self.instance,
            # Even if the group's offset is gone: never `latest`, which would skip unhandled records.
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.MANUAL,
            session_timeout_ms=self.session_ms,
            # A member learns from the answer to its heartbeat that the group is rebalancing.
            heartbeat_interval_ms=self.session_ms // 5,
        )
        await broker.start()
        consumer: AIOKafkaConsumer | None = subscriber.consumer
        assert consumer is not None
        return consumer


async def stop(broker: KafkaBroker, writing: Collection["asyncio.Task[bool]"]) -> None:
    """Wait for `writing` and leave the groups, within a few seconds; whatever happens, nothing goes on."""
    consumers: list[Any] = [subscriber.consumer for subscriber in broker.subscribers]  # type: ignore[attr-defined]
    if writing:
        await asyncio.wait(writing, timeout=STOP_SECONDS)
    # aiokafka leaves its group when it stops, and would wait long for a coordinator that is dead.
    try:
        async with asyncio.timeout(_LEAVE_SECONDS):
            await broker.stop()
    except Exception as error:  # noqa: BLE001 - an error that ended a task of aiokafka is raised again here
        log.warning("consumers_not_stopped_cleanly", error=repr(error), most_seconds=_LEAVE_SECONDS)
        for consumer in filter(None, consumers):
            await abandon(consumer)


def create_broker(arguments: dict[str, Any], client_id: str) -> KafkaBroker:
    """Create a broker that connects by `arguments` (`connection.connection_arguments`) and acknowledges nothing."""
    return KafkaBroker(
        arguments["bootstrap_servers"],
        security=_security(arguments),
        sasl_oauth_token_provider=arguments.get("sasl_oauth_token_provider"),
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
    if "sasl_oauth_token_provider" in arguments:
        return SASLOAuthBearer(ssl_context=context, use_ssl=context is not None)
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
    """Commit the offsets after `records`, and no others.

    If it fails, the records come again, to us or to the partition's new owner, who then recognizes them.
    """
    # Records are in order within a partition, so its last one counts.
    behind = {(record.topic, record.partition): next_offset(record) for record in records}
    try:
        async with asyncio.timeout(_COMMIT_SECONDS):
            await consumer.commit({TopicPartition(*partition): offset for partition, offset in behind.items()})
    except (CommitFailedError, IllegalStateError) as error:
        log.info("commit_not_ours_any_more", error=repr(error))
    except Exception as error:  # noqa: BLE001 - uvloop raises RuntimeError if the connection was just closed
        log.warning("commit_failed", error=repr(error))


def is_alive(consumer: AIOKafkaConsumer) -> bool:
    """Whether aiokafka's own tasks of `consumer` are running.

    An error that they do not expect ends them with only a line in the log (uvloop: a write to a connection just closed
    is a RuntimeError). The consumer then keeps its partitions and waits forever.
    """
    return not any(task.done() for task in inner_tasks(consumer))


def is_answer(error: Exception) -> bool:
    """Whether `error` is an answer of Kafka's, such as a refusal; not if nothing came from it."""
    return isinstance(error, KafkaError) and not isinstance(error, _UNANSWERED)
