"""FastStream's broker as `case_shared.kafka` uses it: made, told which offsets are done, and stopped in time."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any, Protocol

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

log = structlog.get_logger(__name__)
STOP_SECONDS = 5.0


class Placed(Protocol):
    """What has a place in a topic."""

    topic: str
    partition: int
    offset: int


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
            await consumer._client.close()  # noqa: SLF001


def create_broker(arguments: dict[str, Any], client_id: str) -> KafkaBroker:
    """A broker that connects by `arguments` (`case_shared.kafka.connection_arguments`) and acknowledges nothing."""
    plain = {"bootstrap_servers": arguments["bootstrap_servers"]}
    return KafkaBroker(
        **plain,
        security=_security(arguments),
        client_id=client_id,
        consumer_only=True,
        apply_types=False,
        ack_policy=AckPolicy.MANUAL,
        graceful_timeout=STOP_SECONDS,
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


async def commit(consumer: Any, records: Sequence[Placed]) -> None:
    """Commit the offsets behind `records`, and of nothing else.

    Where it fails the records come again, to us or to the partition's new owner, and are known by then.
    """
    # The last one of a partition counts, for they are in its order.
    behind = {(record.topic, record.partition): record.offset + 1 for record in records}
    try:
        await consumer.commit({TopicPartition(*partition): offset for partition, offset in behind.items()})
    except (CommitFailedError, IllegalStateError) as error:
        log.info("commit_not_ours_any_more", error=repr(error))
    except Exception as error:  # noqa: BLE001 - uvloop raises RuntimeError where the connection was just closed
        log.warning("commit_failed", error=repr(error))


def is_alive(consumer: Any) -> bool:
    """Whether aiokafka's own tasks of `consumer` run: the one that fetches, and the one that keeps it in its group.

    What they do not foresee ends them with a line in the log (uvloop: a write to a connection just closed is a
    RuntimeError). Then the consumer keeps its partitions and waits for ever.
    """
    coordinating = getattr(consumer._coordinator, "_coordination_task", None)  # noqa: SLF001 - nothing public tells
    return not any(task is not None and task.done() for task in (consumer._fetcher.error_future, coordinating))  # noqa: SLF001
