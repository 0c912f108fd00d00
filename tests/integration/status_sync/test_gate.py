# ruff: noqa: ASYNC109 - D365Client's signatures
"""The gate as a state machine: no dealer ever reads a text that was written while another dealer had the case.

Every text is unique, and its readers are known. After each step everything that the API would show a dealer is searched
for texts: the case, its timeline, its CSV line, and the waiting events. PostgreSQL, the statements and the use cases
are the real ones; D365 is a model. D365 shows only the present: a text that no read has seen before the case changed
owner looks like one for its new dealer, so the model permits both.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from case_api.domain.timeline import timeline
from case_api.postgres.rows import case_of
from case_api.postgres.statements import Statement
from case_api.web.case_csv import cells
from case_api.web.documents import case_document
from case_shared.d365.models import AbsenceProof, D365Case, LookUpAnswer
from case_shared.process.clock import SystemClock
from status_sync.app.find_absent import FindAbsent
from status_sync.app.read_due_cases import ReadDueCases
from status_sync.domain.due_reads import CaseKey, KeyKind
from status_sync.domain.texts import digest_of
from status_sync.postgres.due_reads import DueReadStore
from tests.integration.status_sync.machine import Machine, Submitted, explore, slug
from tests.support.databases import Database

MANY = st.integers(0, 1_000_000)
PARTIES = [("usmf", "US-001"), ("usmf", "US-002"), ("demf", "DE-001"), ("usmf", "US-999")]
DEALERS = PARTIES[:3]  # the last belongs to no dealer
HIDDEN = "HumanResources"
TOKEN = re.compile(r"text-\d+-end")


@dataclass
class Books:
    """D365: its records by number, and the answers to reads."""

    records: dict[tuple[str, str], D365Case] = field(default_factory=dict)

    async def read_cases_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, timeout: float
    ) -> tuple[D365Case, ...]:
        """By Case ID."""
        return tuple(self.records[data_area_id, one] for one in case_ids if (data_area_id, one) in self.records)

    async def find_by_case_id(
        self, data_area_id: str, case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        """By Case ID, with controls."""
        found = {one: (self.records[data_area_id, one],) for one in case_ids if (data_area_id, one) in self.records}
        controlled = any((data_area_id, one) in self.records for one in control_case_ids)
        return LookUpAnswer(found, dict.fromkeys(case_ids if controlled else (), AbsenceProof.BY_KNOWN_CASE))

    async def find_by_web_case_id(
        self, data_area_id: str, web_case_ids: Collection[str], *, control_case_ids: Sequence[str], timeout: float
    ) -> LookUpAnswer:
        """By Web Case ID in a legal entity."""
        found = [one for one in await self.find_anywhere(web_case_ids, timeout=1) if one.data_area_id == data_area_id]
        by_id = {one.web_case_id or "": tuple(o for o in found if o.web_case_id == one.web_case_id) for one in found}
        controlled = any((data_area_id, one) in self.records for one in control_case_ids)
        return LookUpAnswer(by_id, dict.fromkeys(web_case_ids if controlled else (), AbsenceProof.BY_KNOWN_CASE))

    async def find_anywhere(self, web_case_ids: Collection[str], *, timeout: float) -> tuple[D365Case, ...]:
        """By Web Case ID."""
        return tuple(one for one in self.records.values() if one.web_case_id in web_case_ids)


class Gate(Machine):
    """Cases that change owner in D365, and reads that arrive late and in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.ours: list[Submitted] = []
        self.tied: dict[str, tuple[str, str]] = {}  # D365's number of each of our cases there, by Web Case ID
        self.written_for: dict[str, set[tuple[str, str]]] = {}
        self.backup: dict[tuple[str, str], D365Case] = {}
        self.looks: list[tuple[datetime, list[D365Case]]] = []
        self.numbers = 0
        dealers = ", ".join(f"('{slug(*party)}', '{party[0]}', '{party[1]}')" for party in DEALERS)
        into = "status_sync.dealers (dealer, data_area_id, customer_account)"
        self.run(self.superuser.execute(f"INSERT INTO {into} VALUES {dealers}"))

    # --- the parts under test

    def read_due(self) -> None:
        store, apply_read = DueReadStore(self.pool), self.apply_read()
        gone = FindAbsent(store, self.books, apply_read, 5, self.doubts())
        reader = ReadDueCases(store, self.books, apply_read, 5, lambda: None, SystemClock(), find_absent=gone)
        for _ in range(3):
            self.run(self.pool.execute("UPDATE due_reads SET due_at = now()"))
            self.run(reader.handle())

    # --- what people write and do

    def text(self, *parties: tuple[str, str]) -> str:
        token = f"text-{len(self.written_for)}-end"
        self.written_for[token] = set(parties)
        return token

    def number(self, area: str) -> tuple[str, str]:
        self.numbers += 1
        return area, f"C-{self.numbers}"

    def write(self, number: tuple[str, str], **fields: Any) -> None:
        self.books.records[number] = self.books.records[number].model_copy(update=fields)

    def any_number(self, which: int) -> tuple[str, str]:
        return sorted(self.books.records)[which % len(self.books.records)]

    @staticmethod
    def party(record: D365Case) -> set[tuple[str, str]]:
        return set() if record.category_type == HIDDEN else {(record.data_area_id, record.customer_account or "")}

    def hand_over(self, number: tuple[str, str], **fields: Any) -> None:
        """The case gets another owner; either may read a text that no read has seen yet.

        The same applies to the text of a renumbered case without Web Case ID: nothing says which case it was.
        """
        seen = self.run(self.pool.fetch("SELECT digest FROM case_texts"))
        unknown = "case_id" in fields and fields["case_id"] != self.books.records[number].case_id
        self.write(number, **fields)
        record = self.books.records[number]
        unseen = record.description and digest_of(record.description) not in {row["digest"] for row in seen}
        if record.description and (unseen or (unknown and not record.web_case_id)):
            self.written_for[record.description] |= self.party(record)

    @initialize()
    def two_cases(self) -> None:
        """One of ours that D365 has, and one from D365."""
        self.a_dealer_submits(0)
        self.it_arrives(0, notified=True)
        self.one_is_born(1)
        self.read_now(0)

    @precondition(lambda self: len(self.ours) < 3)
    @rule(which=MANY)
    def a_dealer_submits(self, which: int) -> None:
        case = Submitted(DEALERS[which % len(DEALERS)])
        self.submit(case, self.text(case.party))
        self.ours.append(case)

    def waiting(self) -> list[Submitted]:
        return [one for one in self.ours if one.web_case_id not in self.tied]

    @precondition(lambda self: self.waiting())
    @rule(which=MANY, notified=st.booleans())
    def it_arrives(self, which: int, notified: bool) -> None:
        case = self.waiting()[which % len(self.waiting())]
        words = "SELECT description FROM case_api.cases WHERE web_case_id = $1"
        number = self.tied[case.web_case_id] = self.number(case.party[0])
        self.books.records[number] = self.record(
            number, case.party[1], self.run(self.superuser.fetchval(words, case.web_case_id)),
            web_case_id=case.web_case_id, submission_id=str(case.submission_id),
        )  # fmt: skip
        if notified:
            self.hear(case)

    @precondition(lambda self: self.waiting())
    @rule(which=MANY)
    def an_operator_links(self, which: int) -> None:
        case = self.waiting()[which % len(self.waiting())]
        tied = set(self.tied.values())
        for number, record in sorted(self.books.records.items()):
            if not record.web_case_id and self.party(record) == {case.party} and number not in tied:
                self.tied[case.web_case_id] = number
                self.hear(case, linked=True)
                return

    def hear(self, case: Submitted, *, linked: bool = False) -> None:
        number = self.tied[case.web_case_id]
        self.run(self.hear_delivery(case, number[1], 1, linked=linked))

    @rule(which=MANY)
    def one_is_returned_and_edited(self, which: int) -> None:
        case = self.ours[which % len(self.ours)]
        self.run(self.superuser.execute(
            "UPDATE case_api.cases SET phase = 'draft', description = $2 WHERE web_case_id = $1",
            case.web_case_id, self.text(case.party),
        ))  # fmt: skip

    @precondition(lambda self: len(self.books.records) < 6)
    @rule(which=MANY)
    def one_is_born(self, which: int) -> None:
        party = PARTIES[which % len(PARTIES)]
        number = self.number(party[0])
        self.books.records[number] = self.record(number, party[1], self.text(party))

    def record(self, number: tuple[str, str], account: str, text: str | None, **fields: Any) -> D365Case:
        return D365Case(
            data_area_id=number[0], case_id=number[1], customer_account=account, category="Breakdown",
            category_type="Service", status="None", description=text, **fields,
        )  # fmt: skip

    @precondition(lambda self: self.books.records)
    @rule(which=MANY, status=st.sampled_from(["InProcess", "Closed", "Opened"]), seen=st.booleans())
    def staff_writes(self, which: int, status: str, seen: bool) -> None:
        number = self.any_number(which)
        words = self.text(*self.party(self.books.records[number]))
        self.write(number, description=words, status=status)
        if seen:
            self.read_now(sorted(self.books.records).index(number))

    @precondition(lambda self: self.books.records)
    @rule(which=MANY, to=MANY, writes=st.booleans(), seen=st.booleans())
    def staff_moves_one(self, which: int, to: int, writes: bool, seen: bool) -> None:
        old = self.any_number(which)
        party = PARTIES[to % len(PARTIES)]
        number = old if party[0] == old[0] else self.number(party[0])
        self.books.records[number] = self.books.records.pop(old)
        self.hand_over(number, data_area_id=number[0], case_id=number[1], customer_account=party[1])
        if writes:
            self.staff_writes(sorted(self.books.records).index(number), "InProcess", seen=seen)
        elif seen:
            self.read_now(sorted(self.books.records).index(number))

    @precondition(lambda self: self.books.records)
    @rule(which=MANY, hidden=st.booleans())
    def staff_changes_the_type(self, which: int, hidden: bool) -> None:
        number = self.any_number(which)
        self.hand_over(number, category_type=HIDDEN if hidden else "Service")

    @precondition(lambda self: len(self.books.records) > 1)
    @rule(which=MANY, other=MANY)
    def a_restore_numbers_anew(self, which: int, other: int) -> None:
        one, two = self.any_number(which), self.any_number(other)
        if one[0] == two[0]:
            records = self.books.records
            records[one], records[two] = (
                records[two].model_copy(update={"case_id": one[1]}),
                records[one].model_copy(update={"case_id": two[1]}),
            )

    @rule()
    def d365_is_backed_up(self) -> None:
        self.backup = dict(self.books.records)

    @precondition(lambda self: self.backup)
    @rule(seen=st.booleans())
    def d365_is_restored(self, seen: bool) -> None:
        """Records, owners and texts go back; texts that no read has seen belong to the owner of that time."""
        self.books.records = dict(self.backup)
        for number in self.backup:
            self.hand_over(number)
        if seen:
            self.read_now(0)

    @precondition(lambda self: self.books.records)
    @rule(which=MANY, again=st.booleans(), to=MANY)
    def one_is_deleted(self, which: int, again: bool, to: int) -> None:
        number = self.any_number(which)
        del self.books.records[number]
        party = PARTIES[to % len(PARTIES)]
        if again and party[0] == number[0]:  # another case gets its number
            self.books.records[number] = self.record(number, party[1], self.text(party))

    # --- reads

    @precondition(lambda self: self.books.records)
    @rule(which=MANY)
    def an_event_is_read(self, which: int) -> None:
        self.read_now(which)

    def read_now(self, which: int) -> None:
        area, case_id = self.any_number(which)
        self.run(self.notify(CaseKey(area, KeyKind.CASE_ID, case_id)))
        self.read_due()

    async def notify(self, key: CaseKey) -> None:
        async with self.pool.acquire() as connection, connection.transaction():
            await DueReadStore(self.pool).make_due(connection, [key])

    @rule()
    def a_sweep_is_read(self) -> None:
        self.run(self.pool.execute("UPDATE sync_state SET done_at = '-infinity' WHERE name = 'sweep'"))
        self.run(DueReadStore(self.pool).make_open_cases_due({}, timedelta(0), timedelta(days=1), 50))
        self.read_due()

    @rule()
    def a_poll_looks(self) -> None:
        began_at = self.run(DueReadStore(self.pool).read_begins())
        self.looks.append((began_at, list(self.books.records.values())))

    @precondition(lambda self: self.looks)
    @rule(which=MANY)
    def a_poll_is_applied(self, which: int) -> None:
        self.run(self.apply_read().handle(*self.looks.pop(which % len(self.looks))))

    # --- invariants

    @invariant()
    def nobody_reads_anothers_text(self) -> None:
        for dealer, readable in self.run(self.all_that_dealers_read()):
            for token in TOKEN.findall(readable):
                parties = {slug(*party) for party in self.written_for[token]}
                assert dealer in parties, f"{dealer} reads {token}, which was written for {parties or 'no dealer'}"

    async def all_that_dealers_read(self) -> list[tuple[str, str]]:
        readable = []
        for row in await self.superuser.fetch("SELECT web_case_id, dealer FROM case_api.cases"):
            found = await self.superuser.fetchrow(Statement.GET_CASE.text, row["dealer"], row["web_case_id"])
            assert found is not None
            case = case_of(found)
            parts = (
                case_document(case).model_dump(mode="json"),
                timeline(case, [], []),
                [str(cell) for cell in cells(case)],
            )
            readable.append((row["dealer"], orjson.dumps(parts).decode()))
        waiting = [row["value"].decode() for row in await self.pool.fetch("SELECT value FROM outbox")]
        return [*readable, *((orjson.loads(value)["dealer"], value) for value in waiting)]


async def test_no_dealer_reads_a_text_written_while_the_case_was_not_its_own(database: Database) -> None:
    await explore(Gate, database, examples=12, steps=18)
