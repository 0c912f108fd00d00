"""The base of status-sync's state machines: a database, emptied for each example, and the real use cases."""

import asyncio
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from case_shared.d365.mapping import Mapping
from case_shared.database.postgres import Pool, create_pool
from case_shared.process.clock import SystemClock
from case_shared.process.loops import WakeUp
from case_shared.words.category_types import CategoryTypes
from case_shared.words.events import CaseDelivery, Record, SubmissionState
from case_shared.words.identifiers import new_web_case_id
from status_sync.app.announce_changes import AnnounceChanges
from status_sync.app.apply_read import ApplyRead
from status_sync.app.doubt_environment import DoubtEnvironment
from status_sync.app.forget_lost import ForgetLost
from status_sync.app.link_delivered import LinkDelivered
from status_sync.app.note_deliveries import NoteDeliveries
from status_sync.domain.placement import Rules
from status_sync.postgres.cases import CaseStore
from status_sync.postgres.doubts import DoubtStore
from status_sync.postgres.due_reads import DueReadStore
from status_sync.postgres.outbox import OutboxStore
from tests.support.databases import Database
from tests.support.patience import PATIENCE
from tests.support.submissions import store_document_by

ResultT = TypeVar("ResultT")
MAPPING = Mapping()
# The longest attempt at a step of the machine.
STEP_SECONDS = 20 * PATIENCE
# Deleting few rows is faster than TRUNCATE, which creates new files.
EMPTY = "".join(
    f"DELETE FROM {table};"
    for table in (
        "d365_sync.attempts",
        "d365_sync.documents",
        "case_api.submission_states",
        "case_api.submissions",
        "case_api.cases",
        "status_sync.case_texts",
        "status_sync.moved_records",
        "status_sync.due_reads",
        "status_sync.status_changes",
        "status_sync.sync_state",
        "status_sync.outbox",
        "status_sync.dealers",
    )
)
SUBMIT = """
WITH c AS (
    INSERT INTO case_api.cases (
        web_case_id, dealer, data_area_id, customer_account, origin, phase, category, description, created_by,
        submission_no, submitted_at
    )
    VALUES ($1, $3, $4, $5, 'portal', 'submitted', 'Breakdown', $6, 'dora', 1, now())
)
INSERT INTO case_api.submissions (
    web_case_id, submission_no, submission_id, dealer, data_area_id, customer_account, content, created_by,
    submitted_by, submitted_at
)
VALUES ($1, 1, $2, $3, $4, $5, '{}', 'dora', 'dora', now())
"""


def slug(area: str, account: str) -> str:
    """The dealer of this customer."""
    return f"{area}-{account}".lower()


@dataclass
class Submitted:
    """A case of ours; `linked`: the case in D365 to which an operator has linked it."""

    party: tuple[str, str]
    web_case_id: str = field(default_factory=new_web_case_id)
    submission_id: UUID = field(default_factory=uuid4)
    linked: str | None = None


@dataclass
class Raw:
    """A Kafka record."""

    value: bytes | None
    headers: Any = ()
    topic: str = "t"
    partition: int = 0
    offset: int = 0
    timestamp: int = 0
    key: bytes | None = None


class Machine(RuleBasedStateMachine):
    """The database and the use cases; `explore` sets the class attributes."""

    loop: asyncio.AbstractEventLoop
    pool: Pool
    superuser: Pool

    def __init__(self) -> None:
        super().__init__()
        self.run(self.superuser.execute(EMPTY))

    def run(self, work: Coroutine[Any, Any, ResultT] | Awaitable[ResultT]) -> ResultT:
        """Wait for `work`, as rules are plain functions."""

        async def whole() -> ResultT:
            return await work

        return self.loop.run_until_complete(asyncio.wait_for(whole(), STEP_SECONDS))

    def doubts(self) -> DoubtEnvironment:
        return DoubtEnvironment(self.pool, DoubtStore(self.pool))

    def apply_read(self) -> ApplyRead:
        """The use case that applies reads."""
        rules = Rules(CategoryTypes.parse(None), by_submission_id=True)
        due_reads, outbox = DueReadStore(self.pool), OutboxStore()
        return ApplyRead(
            self.pool, CaseStore(), due_reads, outbox, MAPPING, rules, SystemClock(), WakeUp(), self.doubts()
        )

    def submit(self, case: Submitted, description: str | None = None) -> None:
        """A dealer has submitted `case`."""
        area, account = case.party
        identity = (case.web_case_id, case.submission_id, slug(area, account), area, account)
        self.run(self.superuser.execute(SUBMIT, *identity, description))

    async def hear_delivery(self, case: Submitted, case_id: str, times: int, *, linked: bool = False) -> None:
        """d365-sync has delivered `case`, and reports it `times` times."""
        delivery = CaseDelivery(
            web_case_id=case.web_case_id, submission_no=1, submission_id=case.submission_id, revision=2,
            state=SubmissionState.DELIVERED, case_id=case_id, cause="linked" if linked else None,
            occurred_at=datetime.now(UTC),
        )  # fmt: skip
        async with self.superuser.acquire() as connection:
            await store_document_by(connection, delivery)
        record = Record.of(delivery, source="test", time=datetime.now(UTC), traceparent=None)
        cases, due_reads = CaseStore(), DueReadStore(self.pool)
        announce = AnnounceChanges(OutboxStore(), SystemClock())
        link = LinkDelivered(cases, announce)
        forget = ForgetLost(cases, announce)
        use_case = NoteDeliveries(self.pool, cases, forget, link, due_reads, "g", WakeUp())
        await use_case.handle([Raw(record.value, record.headers)] * times)


async def explore(machine: type[Machine], database: Database, *, examples: int, steps: int) -> None:
    """Run `machine` on a loop of its own, in a thread."""
    await asyncio.to_thread(_explore, machine, database, examples, steps)


def _explore(machine: type[Machine], database: Database, examples: int, steps: int) -> None:
    with asyncio.Runner() as runner:
        machine.loop = runner.get_loop()
        machine.pool = runner.run(create_pool(database.url("status_sync"), schema="status_sync", name="test", size=8))
        machine.superuser = runner.run(create_pool(database.superuser_url, schema="case_api", name="test", size=1))
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=steps,
                    deadline=None,
                    derandomize=True,
                    suppress_health_check=list(HealthCheck),
                    # Shrinking would take minutes of real statements; an example is short enough to read.
                    phases=[Phase.generate],
                ),
            )
        finally:
            runner.run(machine.pool.close())
            runner.run(machine.superuser.close())
