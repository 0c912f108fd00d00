"""What case-api reads from Kafka: `case.delivery.v1`, into the states of submissions."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from case_api.app.apply_deliveries import apply_deliveries
from case_api.postgres.delivery_store import PostgresDeliveryStore, Resends
from case_shared.database.postgres import Connection, Pool
from case_shared.kafka.connection import RawRecord, Subscription
from case_shared.kafka.flood import FloodGate
from case_shared.kafka.records import store_batch
from case_shared.kafka.topics import CASE_DELIVERY
from case_shared.words.events import CaseDelivery, decode

GROUP = f"case-api.{CASE_DELIVERY}"


@dataclass(frozen=True, slots=True)
class DeliveryConsumer:
    """Stores each batch in one transaction; what cannot be read is kept apart."""

    pool: Pool
    resends: Resends
    gate: FloodGate = field(default_factory=FloodGate)

    def subscription(self) -> Subscription:
        """Return topic and group; offsets are committed after `handle`."""
        return Subscription(CASE_DELIVERY, GROUP, self.handle, name="consume_deliveries")

    async def handle(self, records: Sequence[RawRecord]) -> None:
        """Store one batch."""
        await store_batch(self.pool, GROUP, records, _read, self._store, self.gate)

    async def _store(self, connection: Connection, deliveries: Sequence[CaseDelivery]) -> None:
        await apply_deliveries(PostgresDeliveryStore(connection, self.resends), deliveries)


def _read(record: RawRecord) -> CaseDelivery:
    return decode(CaseDelivery, record.value, record.headers)
