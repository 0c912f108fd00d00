"""Promise 3 as a state machine: whatever the order of events, deliveries, reads and crashes, D365's status wins.

PostgreSQL, the statements and the use cases are the real ones; D365 is a model, so that its answers can be delayed.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from case_shared.d365.models import D365Case
from case_shared.process.clock import SystemClock
from case_shared.process.loops import WakeUp
from status_sync.app.note_events import NoteEvents
from status_sync.app.read_due_cases import ReadDueCases
from status_sync.app.read_list import ReadList
from status_sync.app.reconcile import Reconcile
from status_sync.app.sync_dealers import SyncDealers
from status_sync.domain.recognition import Recognition
from status_sync.postgres.due_reads import DueReadStore
from status_sync.postgres.event_notes import EventNoteStore
from status_sync.postgres.progress import ProgressStore
from status_sync.postgres.registry import IncomingStore, RegistryStore
from tests.integration.status_sync.d365_model import AREA, Connection, D365Model
from tests.integration.status_sync.machine import MAPPING, Machine, Raw, Submitted, explore
from tests.support.databases import Database

FIRST_DEALER, SECOND_DEALER, NO_DEALER = "US-001", "US-002", "US-999"
STATUSES = ("None", "InProcess", "Planned", "Closed", "Canceled", "Escalated")
MANY = st.integers(0, 1_000_000)
# Timestamps go back, repeat, and come from a wrong clock; all within the poll's overlap, or in the future.
SKEWS = st.sampled_from([-300, -20, 0, 0, 0, 60, 3600])


@dataclass
class UnderWay:
    """A process in the middle of a read."""

    connection: Connection
    task: asyncio.Task[Any]


class Status(Machine):
    """status-sync with one poller per running read, against a D365 that changes meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.d365 = D365Model(accounts={FIRST_DEALER})
        self.submitted: list[Submitted] = []
        self.under_way: list[UnderWay] = []
        self.newest: dict[str, datetime] = {}  # per case of D365, the start of the newest applied read
        self.run(self.sync_dealers())

    @initialize()
    def two_cases(self) -> None:
        """Start with cases: without any, little can go wrong."""
        self.a_dealer_submits()
        self.d365_creates_it(0, 0)
        self.one_is_born_in_d365(FIRST_DEALER, 0)

    # --- the parts under test

    def read_due(self, connection: Connection) -> Coroutine[Any, Any, bool]:
        store = DueReadStore(self.pool)
        return ReadDueCases(store, connection, self.apply_read(), 5, lambda: None, SystemClock()).handle()

    def poll(self, connection: Connection) -> Coroutine[Any, Any, None]:
        progress, due_reads = ProgressStore(self.pool), DueReadStore(self.pool)
        return Reconcile(progress, connection, self.apply_read(), 5, lambda: None, due_reads, page_size=2).handle()

    def sync_dealers(self) -> Coroutine[Any, Any, None]:
        connection = Connection(self.d365)
        read_list = ReadList(IncomingStore(self.pool), lambda: None)
        return SyncDealers(self.pool, RegistryStore(self.pool), read_list, connection, 5).handle()

    async def sweep(self) -> None:
        await self.pool.execute("UPDATE sync_state SET done_at = '-infinity' WHERE name = 'sweep'")
        ended = {symbol.lower(): ours for symbol, ours in MAPPING.status.items() if ours in ("closed", "canceled")}
        await DueReadStore(self.pool).make_open_cases_due(ended, timedelta(0), timedelta(days=1), 50)

    async def hear_event(self, case_id: str, times: int) -> None:
        event = {"BusinessEventId": "X", "BusinessEventLegalEntity": AREA, "CaseId": case_id}
        due_reads, notes, recognition = DueReadStore(self.pool), EventNoteStore(), Recognition(MAPPING)
        use_case = NoteEvents(self.pool, due_reads, notes, recognition, "g", WakeUp(), SystemClock())
        await use_case.handle([Raw(orjson.dumps(event))] * times)

    # --- what happens in D365 and in the portal

    @precondition(lambda self: len(self.submitted) < 3)
    @rule()
    def a_dealer_submits(self) -> None:
        case = Submitted((AREA, FIRST_DEALER))
        self.submit(case)
        self.submitted.append(case)

    def waiting(self) -> list[Submitted]:
        return [one for one in self.submitted if not one.linked and not self.d365.holding(one.submission_id)]

    @precondition(lambda self: self.waiting())
    @rule(which=MANY, skew=SKEWS)
    def d365_creates_it(self, which: int, skew: int) -> None:
        case = self.waiting()[which % len(self.waiting())]
        self.write(self.new_case(web_case_id=case.web_case_id, submission_id=str(case.submission_id)), skew)

    @precondition(lambda self: len(self.d365.histories) < 7)
    @rule(account=st.sampled_from([FIRST_DEALER, SECOND_DEALER, NO_DEALER]), skew=SKEWS)
    def one_is_born_in_d365(self, account: str, skew: int) -> None:
        self.write(self.new_case(customer_account=account), skew)

    @precondition(lambda self: self.d365.histories)
    @rule(which=MANY, status=st.sampled_from(STATUSES), skew=SKEWS)
    def the_clerk_moves_one(self, which: int, status: str, skew: int) -> None:
        self.write(self.any_case(which).model_copy(update={"status": status}), skew)

    @precondition(lambda self: self.known())
    @rule(which=MANY, skew=SKEWS, change=st.sampled_from([
        {"customer_account": FIRST_DEALER}, {"customer_account": SECOND_DEALER}, {"customer_account": NO_DEALER},
        {"category_type": "Audit"}, {"category_type": "Service"},
    ]))  # fmt: skip
    def the_clerk_gives_one_away(self, which: int, skew: int, change: dict[str, str]) -> None:
        self.write(self.known()[which % len(self.known())].model_copy(update=change), skew)

    def known(self) -> list[D365Case]:
        """Cases from D365, and ours with a known Case ID: d365-sync must decide about others first."""
        numbers = {row["case_id"] for row in self.rows() if row["origin"] == "portal"}
        return [case for case in self.d365.cases() if not case.web_case_id or case.case_id in numbers]

    @rule()
    def a_dealer_is_registered(self) -> None:
        self.d365.accounts.add(SECOND_DEALER)
        self.run(self.sync_dealers())

    # --- what reaches status-sync, however late and often; lost events are never called

    @precondition(lambda self: self.d365.histories)
    @rule(which=MANY, times=st.integers(1, 3))
    def an_event_comes(self, which: int, times: int) -> None:
        self.run(self.hear_event(self.any_case(which).case_id, times))

    @precondition(lambda self: any(self.delivered()))
    @rule(which=MANY, times=st.integers(1, 2))
    def a_delivery_comes(self, which: int, times: int) -> None:
        case, case_id = self.delivered()[which % len(self.delivered())]
        self.run(self.hear_delivery(case, case_id, times, linked=case.linked is not None))

    @precondition(lambda self: self.waiting() and self.linkable())
    @rule(which=MANY)
    def an_operator_links(self, which: int) -> None:
        case, born = self.waiting()[0], self.linkable()[which % len(self.linkable())]
        case.linked = born.case_id
        self.run(self.hear_delivery(case, born.case_id, 1, linked=True))

    # --- reads; any may be delayed, and any process may freeze or die

    @precondition(lambda self: self.d365.histories)
    @rule(which=MANY, held=st.booleans(), late=st.booleans())
    def an_event_is_followed_by_a_read(self, which: int, held: bool, late: bool) -> None:
        self.an_event_comes(which, 1)
        self.time_passes()
        connection = Connection(self.d365, held, late)
        self.begin(connection, self.read_due(connection))

    @rule(held=st.booleans(), late=st.booleans())
    def a_poll_begins(self, held: bool, late: bool) -> None:
        connection = Connection(self.d365, held, late)
        self.begin(connection, self.poll(connection))

    @rule()
    def a_sweep_begins(self) -> None:
        self.run(self.sweep())

    def time_passes(self) -> None:
        """Make every delayed retry due now."""
        self.run(self.pool.execute("UPDATE due_reads SET due_at = now()"))

    @precondition(lambda self: self.under_way)
    @rule(which=MANY)
    def one_wakes_and_applies(self, which: int) -> None:
        one = self.under_way.pop(which % len(self.under_way))
        one.connection.release()
        self.run(one.task)

    @precondition(lambda self: self.under_way)
    @rule(which=MANY)
    def one_dies(self, which: int) -> None:
        one = self.under_way.pop(which % len(self.under_way))
        one.task.cancel()
        self.run(asyncio.wait({one.task}))

    # --- invariants

    @invariant()
    def no_older_read_overwrites_a_newer_one(self) -> None:
        for row in self.rows():
            case_id, as_of = row["case_id"], row["status_as_of"]
            if case_id is None or as_of is None or row["moved_at"] is not None:
                continue
            assert as_of >= self.newest.get(case_id, as_of), f"{case_id} went back"
            self.newest[case_id] = as_of
            shown = int(row["d365_description"].removeprefix("version "))
            assert shown >= self.d365.first_version_at(case_id, as_of), f"{case_id} shows what was over before its read"
            assert row["d365_status"] == self.d365.histories[case_id][shown].case.status

    def teardown(self) -> None:
        """Nothing outlives its example."""
        try:
            self.a_quiet_end()
        finally:
            while self.under_way:
                self.one_dies(0)

    def a_quiet_end(self) -> None:
        """One poll and sweep while nothing happens; then frozen processes wake with their old reads."""
        self.run(self.sync_dealers())
        self.run(self.poll(Connection(self.d365)))
        self.run(self.sweep())
        self.time_passes()
        self.run(self.read_due(Connection(self.d365)))
        self.ends_equal_to_d365()
        while self.under_way:
            self.one_wakes_and_applies(0)
            self.ends_equal_to_d365()

    def ends_equal_to_d365(self) -> None:
        shown = {row["case_id"]: row for row in self.rows() if row["case_id"] and row["moved_at"] is None}
        expected = {case.case_id: holder for case in self.d365.cases() if (holder := self.holder(case))}
        assert {case_id: row["web_case_id"] if row["origin"] == "portal" else row["dealer"]
                for case_id, row in shown.items()} == expected  # fmt: skip
        for case_id in expected:
            row, case = shown[case_id], self.d365.case(case_id)
            assert (row["d365_status"], row["d365_description"]) == (case.status, case.description)
            if status := MAPPING.portal_status(case.status):
                assert row["status"] == status

        self.histories_lead_to_what_is_shown()

    def histories_lead_to_what_is_shown(self) -> None:
        noted = "SELECT web_case_id, array_agg(status ORDER BY as_of) AS all FROM status_sync.status_changes GROUP BY 1"
        statuses = {row["web_case_id"]: row["all"] for row in self.run(self.pool.fetch(noted))}
        rows = {row["web_case_id"]: row["d365_status_mapped"] for row in self.rows()}
        assert set(statuses) <= set(rows), "a history of nobody's"
        for web_case_id, mapped in rows.items():
            assert mapped is None or statuses[web_case_id][-1] == mapped

    def holder(self, case: D365Case) -> str | None:
        """The owner of this case in the read model: a case of ours, otherwise a dealer, or nobody."""
        for ours in self.submitted:
            in_place = case.customer_account == FIRST_DEALER and case.category_type == "Service"
            if in_place and (case.case_id == ours.linked or case.submission_id == ours.submission_id):
                return ours.web_case_id
        dealers = {account: f"usmf-{account.lower()}" for account in self.d365.accounts}
        return dealers.get(case.customer_account or "") if case.category_type == "Service" else None

    # --- small things

    def begin(self, connection: Connection, work: Coroutine[Any, Any, Any]) -> None:
        async def until_held_or_done() -> asyncio.Task[Any]:
            task, held = asyncio.ensure_future(work), asyncio.ensure_future(connection.asked.wait())
            await asyncio.wait({task, held}, return_when=asyncio.FIRST_COMPLETED)
            held.cancel()
            return task

        task = self.run(until_held_or_done())
        if task.done():
            task.result()
        else:
            self.under_way.append(UnderWay(connection, task))

    def new_case(self, **fields: Any) -> D365Case:
        given = {"customer_account": FIRST_DEALER, "category": "Breakdown", "category_type": "Service", **fields}
        return D365Case(data_area_id=AREA, case_id=f"C-{len(self.d365.histories)}", status="None", **given)

    def write(self, case: D365Case, skew: int) -> None:
        now = self.run(ProgressStore(self.pool).read_begins())
        modified_at = (now + timedelta(seconds=skew)).replace(microsecond=0)
        self.d365.write(case.model_copy(update={"modified_at": modified_at}), now)

    def any_case(self, which: int) -> D365Case:
        return self.d365.cases()[which % len(self.d365.histories)]

    def born(self) -> list[D365Case]:
        linked = {one.linked for one in self.submitted}
        return [case for case in self.d365.cases() if not case.web_case_id and case.case_id not in linked]

    def linkable(self) -> list[D365Case]:
        """d365-sync links no case of another customer or of a hidden type."""
        return [one for one in self.born() if (one.customer_account, one.category_type) == (FIRST_DEALER, "Service")]

    def delivered(self) -> list[tuple[Submitted, str]]:
        held = [(one, self.d365.holding(one.submission_id)) for one in self.submitted]
        return [(one, case.case_id) for one, case in held if case] + [(o, o.linked) for o in self.submitted if o.linked]

    def rows(self) -> list[Any]:
        return self.run(self.superuser.fetch("SELECT * FROM case_api.cases"))


async def test_whatever_the_order_the_status_ends_as_d365s(database: Database) -> None:
    await explore(Status, database, examples=30, steps=25)
