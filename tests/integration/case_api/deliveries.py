"""Delivery events for a case, as d365-sync publishes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from case_api.consumers import DeliveryConsumer
from case_api.postgres.delivery_store import Resends
from case_shared.words.events import CaseDelivery, Headers, Record, SubmissionState
from tests.integration.case_api.conftest import Api, Json
from tests.support.submissions import store_document

RESENDS = Resends(60, 3600)


@dataclass
class Raw:
    """A record as a consumer receives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, Any]]


def raw(value: bytes | None, headers: Headers | None = None, offset: int = 0) -> Raw:
    """A record of `case.delivery.v1`."""
    return Raw("case.delivery.v1", 0, offset, 1_700_000_000_000, b"key", value, headers or [])


async def delivery(
    api: Api, case: Json, state: SubmissionState, revision: int = 1, submission_no: int = 1, **fields: Any
) -> CaseDelivery:
    """An event about a submission of `case`."""
    rows = await api.fetch(
        "SELECT submission_id FROM case_api.submissions WHERE web_case_id = $1 AND submission_no = $2",
        case["web_case_id"],
        submission_no,
    )
    return CaseDelivery(
        web_case_id=case["web_case_id"],
        submission_no=submission_no,
        submission_id=UUID(str(rows[0]["submission_id"])) if rows else uuid4(),
        revision=revision,
        state=state,
        occurred_at=datetime.now(UTC),
        **fields,
    )


async def handle(api: Api, events: Sequence[CaseDelivery]) -> None:
    """Let the consumer handle one batch that d365-sync has written."""
    for event in events:
        await store_document(api.database, event)
    await handle_records(api, events)


async def handle_records(api: Api, events: Sequence[CaseDelivery]) -> None:
    """Let the consumer handle one batch, whoever wrote it."""
    records = []
    for offset, event in enumerate(events):
        record = Record.of(event, source="d365-sync", time=event.occurred_at, traceparent=None)
        records.append(raw(record.value, record.headers, offset))
    await DeliveryConsumer(api.service.pool, RESENDS).handle(records)


async def deliver(
    api: Api, case: Json, state: SubmissionState, revision: int = 1, submission_no: int = 1, **fields: Any
) -> None:
    """Let the consumer handle one event."""
    await handle(api, [await delivery(api, case, state, revision, submission_no, **fields)])
