"""Table outbox: submissions that wait to be sent to Kafka."""

from case_api.postgres.statements import Statement
from case_shared.kafka.outbox import Outbox
from case_shared.kafka.topics import CASE_SUBMITTED
from case_shared.process.fault_points import FaultPoint

OUTBOX = Outbox(
    CASE_SUBMITTED,
    published=FaultPoint.OUTBOX_PUBLISHED,
    read=Statement.READ_OUTBOX,
    mark_sent=Statement.MARK_SENT,
    set_aside=Statement.SET_ASIDE_REFUSED,
    measure=Statement.MEASURE_OUTBOX,
)
