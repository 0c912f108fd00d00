"""What case-api reads of Kafka: `case.delivery.v1`, into the states of submissions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from case_api.app.apply_deliveries import apply_deliveries
from case_api.postgres.delivery_store import PostgresDeliveryStore, Resends
from case_shared.events import CaseDelivery, decode
from case_shared.flood import FloodGate
from case_shared.kafka import RawRecord, Subscription
from case_shared.postgres import Connection, Pool
from case_shared.records import store_batch
from case_shared.topics import CASE_DELIVERY

GROUP = f"case-api.{CASE_DELIVERY}"


@dataclass(frozen=True, slots=True)
class DeliveryConsumer:
    """Stores each batch in one transaction; what cannot be read is kept apart."""

    pool: Pool
    resends: Resends
    gate: FloodGate = field(default_factory=FloodGate)

    def subscription(self) -> Subscription:
        """Topic and group; offsets move after `handle`."""
        return Subscription(CASE_DELIVERY, GROUP, self.handle)

    async def handle(self, records: Sequence[RawRecord]) -> None:
        """Store one batch."""
        await store_batch(self.pool, GROUP, records, _read, self._store, self.gate)

    async def _store(self, connection: Connection, deliveries: Sequence[CaseDelivery]) -> None:
        await apply_deliveries(PostgresDeliveryStore(connection, self.resends), deliveries)


def _read(record: RawRecord) -> CaseDelivery:
    return decode(CaseDelivery, record.value, record.headers)
