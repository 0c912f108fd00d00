"""Table outbox: events that wait to be published."""

from collections.abc import Sequence

from case_shared.database.postgres import Connection
from case_shared.kafka.outbox import Outbox
from case_shared.kafka.topics import CASE_STATUS_CHANGED
from case_shared.process.fault_points import FaultPoint
from case_shared.words.events import Record
from status_sync.postgres.statements import Statement

OUTBOX = Outbox(
    CASE_STATUS_CHANGED,
    published=FaultPoint.STATUSES_PUBLISHED,
    read=Statement.READ_OUTBOX,
    mark_sent=Statement.MARK_SENT,
    set_aside=Statement.SET_ASIDE_REFUSED,
    measure=Statement.MEASURE_OUTBOX,
)


class OutboxStore:
    """Appended to in the transaction of a change; the outbox publisher reads and empties it."""

    async def append(self, connection: Connection, records: Sequence[Record]) -> None:
        """Add `records` in the caller's transaction."""
        await connection.execute(
            Statement.APPEND_TO_OUTBOX.text,
            [record.topic for record in records],
            [record.key for record in records],
            [record.value for record in records],
            [{name: value.decode() for name, value in record.headers} for record in records],
        )
