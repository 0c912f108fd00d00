"""What somebody else writes into the topics: unreadable records, and forged ones that look like ours.

Each is recorded with its place (`World.odd`), so that the checker knows which records, and no others, must be set
aside.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import asyncpg
from aiokafka import AIOKafkaProducer, TopicPartition

from case_shared.kafka.connection import KafkaSettings
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, PARTITIONS
from case_shared.words.events import (
    CaseContent,
    CaseDelivery,
    CaseStatus,
    CaseStatusChanged,
    CaseSubmitted,
    Event,
    Record,
    SubmissionState,
)
from case_shared.words.identifiers import new_web_case_id
from casebridge.kafka_rights import D365_EVENTS
from tests.support.batches import CODECS, NOW_MS, Sent, encoded, sending
from tests.support.patience import PATIENCE

_MOST_REVISION = 2**31 - 1
TOPICS = (CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED, D365_EVENTS)
_SUBMISSIONS = (
    "SELECT web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account"
    " FROM case_api.submissions ORDER BY submitted_at DESC LIMIT 4"
)


class Place(NamedTuple):
    """Topic, partition and offset of a record."""

    topic: str
    partition: int
    offset: int


class Wrong(NamedTuple):
    """A record written by somebody else; `set_aside`: every group that reads the topic must keep it as unreadable."""

    sent: Sent
    set_aside: bool
    codec: int = 0


async def write(kafka: str, superuser_url: str, token: str) -> dict[Place, bool]:
    """Write all of them into every topic, and abort a transaction; returns which places must be set aside.

    `token` is in each forged text.
    """
    settings = KafkaSettings(kafka_bootstrap_servers=kafka, kafka_security_protocol="PLAINTEXT")
    forged = forgeries(await _submissions(superuser_url), token)
    places: dict[Place, bool] = {}
    async with sending(settings, *TOPICS) as sender:
        for topic in TOPICS:
            for number, wrong in enumerate([*unreadable(), *forged.get(topic, ()), *_events(topic)]):
                partition = number % PARTITIONS
                code, offset = await sender.send(TopicPartition(topic, partition), encoded([wrong.sent], wrong.codec))
                if code == 0:  # the broker has its own limits, such as on timestamps
                    places[Place(topic, partition, offset)] = wrong.set_aside
    for topic in TOPICS:
        places[await _aborted(kafka, topic)] = False
    return places


async def _submissions(superuser_url: str) -> Sequence[asyncpg.Record]:
    connection = await asyncpg.connect(superuser_url, timeout=5)
    try:
        found: Sequence[asyncpg.Record] = await connection.fetch(_SUBMISSIONS)
        return found
    finally:
        await connection.close()


def unreadable() -> list[Wrong]:
    """Not JSON, in every codec; no value; header names with NUL or not UTF-8; times of 1970 and in microseconds."""
    by_codec = [Wrong(Sent(b"not JSON"), set_aside=True, codec=codec) for codec in CODECS]
    names = [b"nul\x00", b"\xff\xfe", b""]
    headers = [Wrong(Sent(b"[]", headers=[(name, b"\xff")]), set_aside=True) for name in names]
    times = [Wrong(Sent(b"null", timestamp=time), set_aside=True) for time in (0, NOW_MS * 1000)]
    return [*by_codec, Wrong(Sent(None), set_aside=True), *headers, *times]


def forgeries(submissions: Sequence[Any], token: str) -> dict[str, list[Wrong]]:
    """Records as our services write them: about missing cases, and with other texts about existing ones."""
    unknown = {
        "web_case_id": new_web_case_id(), "submission_no": 1, "submission_id": uuid4(), "dealer": "usmf-us-001",
        "data_area_id": "usmf", "customer_account": "US-001",
    }  # fmt: skip
    found: dict[str, list[Wrong]] = {topic: [] for topic in TOPICS}
    for row, known in [(unknown, False), *((dict(row), True) for row in submissions)]:
        name = {one: row[one] for one in ("web_case_id", "submission_no", "submission_id")}
        found[CASE_SUBMITTED].append(_forged(_submitted(row, token), set_aside=not known))
        found[CASE_DELIVERY].append(_forged(_delivery(name, token), set_aside=False))
        found[CASE_STATUS_CHANGED].append(_forged(_status(row, token), set_aside=False))
    return found


def _submitted(row: dict[str, Any], token: str) -> CaseSubmitted:
    content = CaseContent(category="Breakdown", description=token)
    return CaseSubmitted(**row, content=content, created_by="mallory", submitted_at=datetime.now(UTC))


def _delivery(name: dict[str, Any], token: str) -> CaseDelivery:
    return CaseDelivery(
        **name, revision=_MOST_REVISION, state=SubmissionState.FAILED, cause="rejected",
        reason=token, case_id="FORGED-1", occurred_at=datetime.now(UTC),
    )  # fmt: skip


def _status(row: dict[str, Any], token: str) -> CaseStatusChanged:
    return CaseStatusChanged(
        dealer=row["dealer"], web_case_id=row["web_case_id"], case_id="FORGED-2", submission_id=row["submission_id"],
        status=CaseStatus.CANCELED, d365_status=token, status_as_of=datetime(2199, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def _forged(event: Event, *, set_aside: bool) -> Wrong:
    record = Record.of(event, source="mallory", time=datetime.now(UTC), traceparent="none")
    headers = [(name.encode(), value) for name, value in record.headers]
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    return Wrong(Sent(record.value, record.key, headers, now_ms), set_aside)


def _events(topic: str) -> list[Wrong]:
    """Events of D365 whose Case ID must never be requested."""
    if topic != D365_EVENTS:
        return []
    keys = (("*", "usmf"), ("C\x001", "usmf"), ("*", "*"))
    bodies = [
        {"BusinessEventId": "CaseStatusChangedBusinessEvent", "BusinessEventLegalEntity": area, "CaseId": case_id}
        for case_id, area in keys
    ]
    return [Wrong(Sent(json.dumps(body).encode()), set_aside=False) for body in bodies]


async def _aborted(kafka: str, topic: str) -> Place:
    producer = AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=f"chaos-{uuid4()}")
    async with asyncio.timeout(20 * PATIENCE):
        await producer.start()
        try:
            await producer.begin_transaction()
            sent = await producer.send_and_wait(topic, b"aborted", partition=0)
            await producer.abort_transaction()
            return Place(topic, sent.partition, sent.offset)
        finally:
            await producer.stop()
