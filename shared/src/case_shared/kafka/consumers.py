"""The consumers of one service: each joins, fails and restarts by itself, so that none delays another."""

import asyncio
from collections.abc import Sequence

from case_shared.kafka.connection import KafkaSettings, Subscription
from case_shared.kafka.consumer_state import ConsumerState
from case_shared.kafka.consuming import Consumer
from case_shared.process.heartbeats import Heartbeats, NotReady


class Consumers:
    """The subscriptions of one service, kept running until it stops."""

    def __init__(
        self, settings: KafkaSettings, subscriptions: Sequence[Subscription], *, client_id: str, heartbeats: Heartbeats
    ) -> None:
        self._consumers = [
            Consumer(subscription.kafka or settings, subscription, client_id=client_id, heartbeats=heartbeats)
            for subscription in subscriptions
        ]

    @property
    def states(self) -> Sequence[ConsumerState]:
        """The state of each consumer."""
        return [consumer.state for consumer in self._consumers]

    @property
    def started(self) -> bool:
        """Whether each consumer is in its group."""
        return all(state.joined for state in self.states)

    async def ready(self) -> bool:
        """For /readyz. Raises: `NotReady` if one never joined its group, or an error ended it."""
        problems = [state.problem for state in self.states if state.problem]
        if problems:
            raise NotReady("; ".join(problems))
        return True

    async def flow(self) -> bool:
        """For /readyz, which only shows it. Raises: `NotReady` if something stops one of them.

        That is a flood, a missing topic, an unread partition, or that it is not in its group.
        """
        concerns = [state.concern for state in self.states if state.concern]
        if concerns:
            raise NotReady("; ".join(concerns))
        return True

    async def run(self, stopping: asyncio.Event) -> None:
        """Consume until `stopping` is set; finishes the batches in progress first, if possible."""
        await asyncio.gather(*(consumer.run(stopping) for consumer in self._consumers))
