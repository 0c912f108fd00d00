"""What status-sync listens to: D365's business events, and how deliveries have come on."""

from collections.abc import Sequence

from case_shared.kafka import BatchHandler, Subscription
from case_shared.topics import CASE_DELIVERY

SERVICE = "status-sync"


def group_of(topic: str) -> str:
    """A group for each topic: a member of one that reads several is rebalanced by each of them."""
    return f"{SERVICE}.{topic}"


def subscriptions(events_topic: str, events: BatchHandler, deliveries: BatchHandler) -> Sequence[Subscription]:
    """Both subscriptions; offsets move once the batch's transaction is committed."""
    return (
        Subscription(events_topic, group_of(events_topic), events),
        Subscription(CASE_DELIVERY, group_of(CASE_DELIVERY), deliveries),
    )
