"""After a restore: recovers from Kafka's log what was submitted since the backup."""

from collections.abc import Sequence

import structlog

from case_api.postgres.statements import Statement
from case_shared.database.postgres import Pool
from case_shared.kafka.connection import KafkaSettings, RawRecord
from case_shared.kafka.restoring import read_log, skip
from case_shared.kafka.topics import CASE_DELIVERY, CASE_SUBMITTED
from case_shared.process.telemetry import trace_id_of
from case_shared.words.errors import UnreadableRecord
from case_shared.words.events import CaseSubmitted, decode, traceparent_of

log = structlog.get_logger(__name__)


async def recover_submissions(pool: Pool, settings: KafkaSettings) -> str:
    """Recover every submission that the log has and the database does not; return a summary. Safe to repeat.

    Skips d365-sync's earlier records: d365-sync sends everything again, with revisions counted from the start.
    """
    recovered = 0
    async for records in read_log(settings, CASE_SUBMITTED):
        recovered += await _recover(pool, records)
    drafts = await pool.fetchval(Statement.DISTRUST_DRAFTS.text)
    await skip(settings, f"case-api.{CASE_DELIVERY}", CASE_DELIVERY)
    return (
        f"{recovered} submissions recovered from Kafka; {drafts} drafts will be looked up in D365 when they are "
        "submitted"
    )


async def _recover(pool: Pool, records: Sequence[RawRecord]) -> int:
    found = [(event, traceparent_of(record.headers)) for record in records if (event := _read(record))]
    traces = {(event.web_case_id, event.submission_no): traceparent for event, traceparent in found}
    newest = {event.web_case_id: event for event, _ in sorted(found, key=lambda item: item[0].submission_no)}
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            Statement.RECOVER_CASES.text, [event.model_dump_json(exclude_none=True) for event in newest.values()]
        )
        rows = await connection.fetch(
            Statement.RECOVER_SUBMISSIONS.text,
            [event.model_dump_json(exclude_none=True) for event, _ in found],
            [traceparent for _, traceparent in found],
        )
    for row in rows:
        trace_id = trace_id_of(traces[row["web_case_id"], row["submission_no"]])
        log.warning("submission_recovered", **row, trace_id=trace_id)
    return len(rows)


def _read(record: RawRecord) -> CaseSubmitted | None:
    try:
        return decode(CaseSubmitted, record.value, record.headers)
    except UnreadableRecord as error:
        # d365-sync keeps it as unreadable, with its bytes.
        log.error("record_unreadable", partition=record.partition, offset=record.offset, cause=str(error))
        return None
