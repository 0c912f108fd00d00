"""What one read of D365 changes in the read model: decided before anything is written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from case_shared.d365.gate import Party
from case_shared.d365.mapping import Mapping as D365Mapping
from case_shared.d365.models import D365Case
from case_shared.words.events import CaseStatus
from case_shared.words.identifiers import derived_web_case_id
from status_sync.domain.due_reads import CaseKey, KeyKind
from status_sync.domain.placement import (
    CaseNumber,
    Dealer,
    Ignored,
    KnownCase,
    Origin,
    Placement,
    Rules,
    Unfollowed,
    applies,
    number_of,
)
from status_sync.domain.texts import SeenText


class Removal(NamedTuple):
    """A row born in D365 to remove, and the row of ours that its case turned out to be, if any."""

    web_case_id: str
    ours: str | None


class Update(NamedTuple):
    """What a row takes over from D365; `mapped` is None for a symbol that the mapping does not know.

    `withheld`: the text is not for the row's dealer. `named`: D365 shows the row's own Web Case ID.
    """

    web_case_id: str
    found: D365Case
    mapped: CaseStatus | None
    submission_id: UUID | None
    withheld: bool = False
    named: bool = False


class Insert(NamedTuple):
    """A case born in D365 and the dealer who sees it; `withheld`: its text is not for that dealer."""

    web_case_id: str
    dealer: str
    found: D365Case
    mapped: CaseStatus | None
    withheld: bool = False


class Leaving(NamedTuple):
    """A row to stop following; `case_id` if it has none yet, and the submission that was then seen."""

    web_case_id: str
    case_id: str | None
    why: Unfollowed
    submission_id: UUID | None = None


class Second(NamedTuple):
    """A case of D365 with a submission of ours that already has another case."""

    web_case_id: str
    submission_id: UUID
    case_id: str


class Gone(NamedTuple):
    """What a read proved to be gone from D365: the cases with these numbers, and those with these Web Case IDs."""

    numbers: Collection[CaseNumber] = ()
    web_case_ids: Collection[str] = ()


NOTHING_GONE = Gone()


class Books(NamedTuple):
    """What is known before the read is applied."""

    rows: Sequence[KnownCase]
    dealers: Mapping[CaseNumber, Dealer]
    texts: Mapping[CaseNumber, Collection[SeenText]]


@dataclass
class Plan:
    """What to write, in this order; `leave` is keyed by Web Case ID.

    `foreign`: by legal entity, an example of another Casebridge's case under a Case ID of ours.
    """

    leave: dict[str, Leaving] = field(default_factory=dict)
    remove: list[Removal] = field(default_factory=list)
    update: dict[str, Update] = field(default_factory=dict)
    insert: list[Insert] = field(default_factory=list)
    texts: set[tuple[CaseNumber, SeenText]] = field(default_factory=set)
    moved: dict[str, CaseNumber | None] = field(default_factory=dict)
    hidden: list[CaseNumber] = field(default_factory=list)
    second: list[Second] = field(default_factory=list)
    due: set[CaseKey] = field(default_factory=set)
    ignored: list[tuple[D365Case, Ignored]] = field(default_factory=list)
    foreign: dict[str, str] = field(default_factory=dict)

    def read_again(self) -> None:
        """Make the cases due that would be inserted, and insert none."""
        self.due |= {
            CaseKey(area, KeyKind.CASE_ID, number)
            for area, number in (number_of(insert.found) for insert in self.insert)
        }
        self.insert.clear()


class Planner:
    """Places each case of a read, and considers the changes of each case when it places the next."""

    def __init__(self, rules: Rules, mapping: D365Mapping, books: Books, gone: Gone) -> None:
        """Start without a plan; `gone`: what the same read proved to be gone from D365."""
        self._rules = rules
        self._mapping = mapping
        self._books = books
        self._gone = gone
        self._rows: dict[str, KnownCase] = {}
        self._at: dict[CaseNumber, set[str]] = {}
        self.plan = Plan()
        for row in books.rows:
            self._put(row)

    def plan_all(self, began_at: datetime, found: Sequence[D365Case]) -> Plan:
        """Return the plan for a read that began at `began_at`."""
        for case in found:
            self._plan(began_at, case)
        for row in list(self._rows.values()):
            if self._is_gone(row) and applies(began_at, row.read_began_at):
                self._leave(replace(row, unfollowed=Unfollowed.DELETED))
        return self.plan

    def _is_gone(self, row: KnownCase) -> bool:
        """Whether its record is gone; only its Web Case ID identifies a row that lost its number to another case."""
        if row.unfollowed is Unfollowed.REUSED:
            return row.web_case_id in self._gone.web_case_ids
        return row.unfollowed is None and row.number in self._gone.numbers

    def _plan(self, began_at: datetime, found: D365Case) -> None:
        number = number_of(found)
        at_number = [self._rows[web_case_id] for web_case_id in sorted(self._at.get(number, ()))]
        placement = self._rules.place(
            found,
            began_at,
            at_number=at_number,
            by_web_case_id=self._rows.get((found.web_case_id or "").upper()),
            dealer=self._books.dealers.get(number),
            absent=self._gone.numbers,
        )
        if placement.ignored:
            self.plan.ignored.append((found, placement.ignored))
        if placement.ignored is Ignored.STALE:
            return
        if placement.ignored is Ignored.FOREIGN and placement.reused:
            ours = placement.reused[0].web_case_id
            self.plan.foreign[number[0]] = f"{number[1]} was {ours} and is {found.web_case_id}"
        if placement.hides:
            self.plan.hidden.append(number)
        text = self._note_text(found, placement, at_number)
        placement = self._with_place(began_at, found, placement)
        self._carry_out(found, placement, text)

    def _with_place(self, began_at: datetime, found: D365Case, placement: Placement) -> Placement:
        """Note where the record is now; remove a row that was born at its former place for another dealer."""
        own = placement.update or placement.move
        if own is None:
            return placement
        number = number_of(found)
        if own.number and not own.moved_to and own.number != number:
            # It left its own number just now: read what was born there for another dealer, which shows that it is gone.
            self.plan.due.add(CaseKey(own.number[0], KeyKind.CASE_ID, own.number[1]))
        if own.moved_to and own.moved_to != number:
            for web_case_id in sorted(self._at.get(own.moved_to, ())):
                row = self._rows[web_case_id]
                if row.origin is Origin.D365 and applies(began_at, row.read_began_at):
                    self.plan.remove.append(Removal(self._take(web_case_id).web_case_id, None))
        now_at = number if placement.move is not None and number != own.number else None
        if now_at != own.moved_to:
            self.plan.moved[own.web_case_id] = now_at
        if placement.update is not None:
            return replace(placement, update=replace(placement.update, moved_to=now_at))
        return replace(placement, move=replace(own, moved_to=now_at))

    def _carry_out(self, found: D365Case, placement: Placement, text: SeenText | None) -> None:
        for row in placement.reused:
            self._leave(row)
            # Find out where its case is now.
            self.plan.due.add(CaseKey(row.data_area_id, KeyKind.WEB_CASE_ID, row.web_case_id))
        if placement.ignored is Ignored.SECOND and placement.look_at is not None:
            submission_id = self._rules.submission_seen(found, placement.look_at)
            if submission_id is not None:
                self.plan.second.append(Second(placement.look_at.web_case_id, submission_id, found.case_id))
        if placement.look_at is not None and (own := placement.look_at.number):
            self.plan.due.add(CaseKey(own[0], KeyKind.CASE_ID, own[1]))
        self._remove(placement)
        if placement.update is not None:
            self._update(found, placement.update, text)
        if placement.move is not None:
            self._leave(placement.move, self._rules.submission_seen(found, placement.move))
        if placement.insert_for:
            self._insert(found, placement.insert_for, text)

    def _note_text(self, found: D365Case, placement: Placement, at_number: Sequence[KnownCase]) -> SeenText | None:
        """Return the text with its owner; note it if it is new."""
        number = number_of(found)
        # Even if the row's own number must be read first: a text noted now is not new when the case is placed.
        own = placement.update or placement.move or placement.look_at
        born = [row for row in at_number if row.origin is Origin.D365]
        numbers = [number, *([own.number] if own is not None and own.number else [])]
        before = [text for one in numbers for text in self._books.texts.get(one, ())]
        text = SeenText.first_seen(found, before, [*([own] if own is not None else []), *born])
        # Under the row's own number as well: if the record changes its number again, its history stays with it.
        for one in numbers:
            if text is not None and text not in self._books.texts.get(one, ()):
                self.plan.texts.add((one, text))
        return text

    def _withheld(self, text: SeenText | None, found: D365Case) -> bool:
        """Whether the text is not for the current owner of the case."""
        return text is not None and not self._rules.gate.lets_text_through(text.written, Party.of(found))

    def _remove(self, placement: Placement) -> None:
        if placement.remove is None:
            return
        born, ours = self._take(placement.remove), placement.update
        # The statuses that the case had with another dealer concern nobody else.
        same_dealer = ours is not None and ours.dealer == born.dealer
        self.plan.remove.append(Removal(born.web_case_id, ours.web_case_id if ours and same_dealer else None))

    def _update(self, found: D365Case, row: KnownCase, text: SeenText | None) -> None:
        named = row.origin is Origin.PORTAL and bool(found.web_case_id)
        self.plan.update[row.web_case_id] = Update(
            row.web_case_id,
            found,
            self._mapping.portal_status(found.status),
            self._rules.submission_seen(found, row) if row.origin is Origin.PORTAL else None,
            self._withheld(text, found),
            named,
        )
        # A second case of D365 that claims the same submission must see that it is taken.
        self._put(replace(row, case_id=found.case_id, unfollowed=None, named=row.named or named))

    def _leave(self, row: KnownCase, submission_id: UUID | None = None) -> None:
        before = self._rows[row.web_case_id]
        assert row.unfollowed is not None
        seen = submission_id if before.case_id is None else None
        self.plan.leave[row.web_case_id] = Leaving(row.web_case_id, row.case_id, row.unfollowed, seen)
        self._put(row)

    def _put(self, row: KnownCase) -> None:
        """Replace what is known of `row`."""
        if row.web_case_id in self._rows:
            self._take(row.web_case_id)
        self._rows[row.web_case_id] = row
        if row.number:
            self._at.setdefault(row.number, set()).add(row.web_case_id)

    def _take(self, web_case_id: str) -> KnownCase:
        row = self._rows.pop(web_case_id)
        if row.number:
            self._at[row.number].discard(web_case_id)
        return row

    def _insert(self, found: D365Case, dealer: str, text: SeenText | None) -> None:
        self.plan.insert.append(
            Insert(
                derived_web_case_id(*number_of(found)),
                dealer,
                found,
                self._mapping.portal_status(found.status),
                self._withheld(text, found),
            )
        )
