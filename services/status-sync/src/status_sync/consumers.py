"""What status-sync listens to: D365's business events, and the progress of deliveries."""

from collections.abc import Sequence

from case_shared.kafka.connection import BatchHandler, Subscription
from case_shared.kafka.event_hub import Inbound
from case_shared.kafka.topics import CASE_DELIVERY

SERVICE = "status-sync"


def group_of(topic: str) -> str:
    """Return a group for each topic: a member of a group that reads several is rebalanced by each of them."""
    return f"{SERVICE}.{topic}"


def subscriptions(inbound: Inbound, events: BatchHandler, deliveries: BatchHandler) -> Sequence[Subscription]:
    """Return both subscriptions; offsets are committed after the batch's transaction."""
    return (
        Subscription(
            inbound.topic,
            group_of(inbound.topic),
            events,
            name="consume_events",
            kafka=inbound.kafka,
            set_by=inbound.set_by,
        ),
        Subscription(CASE_DELIVERY, group_of(CASE_DELIVERY), deliveries, name="consume_deliveries"),
    )
