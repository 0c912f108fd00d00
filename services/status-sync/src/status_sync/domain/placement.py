"""Where a case that was read in D365 belongs in the read model, and whether the read still counts.

Three questions, in this order: whose case is the record (identity: its Web Case ID, else the Case ID of a row that an
operator has linked), may that row's dealer read it (the gate), and does the read still count. A Case ID alone proves
nothing: D365 may assign it again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from case_shared.d365.gate import Gate, Party
from case_shared.d365.matching import is_ours, same_key
from case_shared.d365.models import CaseToCreate, D365Case
from case_shared.words.category_types import CategoryTypes

CaseNumber = tuple[str, str]  # legal entity in lower case, Case ID


class Origin(StrEnum):
    """Where a case was created."""

    PORTAL = "portal"
    D365 = "d365"


class Ignored(StrEnum):
    """Why a case of D365 changes nothing here."""

    STALE = "stale"  # a read that began later was applied before
    NOT_FOR_DEALERS = "not_for_dealers"  # not a registered dealer's, or of a type that dealers may not see
    FOREIGN = "foreign_web_case_id"  # a Web Case ID that we do not know
    MISMATCH = "other_content"  # our Web Case ID, but not what was submitted: d365-sync decides
    SECOND = "second_case"  # our submission already has another Case ID: D365 has it twice


class Unfollowed(StrEnum):
    """Why a row takes nothing more from D365; its dealer keeps what it saw before."""

    MOVED = "moved"  # the record belongs to another customer or legal entity, or to a type that dealers do not see
    DELETED = "deleted"  # D365 no longer has the record
    REUSED = "reused"  # the row's Case ID belongs to another case now: an alarm


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A row of the read model, with what a read of D365 must know of it.

    `named`: D365 once showed its record with the row's own Web Case ID; a record without one is then not its own.
    `linked`: an operator has linked the row to its Case ID, whose record may lack the Web Case ID.
    `delivered_as`: the Case ID that d365-sync delivered it under, while the row has none.
    `delivered_submission_id`: if it was submitted more than once, the newest submission that is delivered.
    `moved_to`: where its record is, if it moved under another number.
    `traceparent`: in which trace it was submitted, while D365 has shown nothing of it.
    """

    web_case_id: str
    dealer: str
    data_area_id: str
    customer_account: str
    origin: Origin
    case_id: str | None
    read_began_at: datetime | None
    submission_ids: tuple[UUID, ...] = ()  # newest first
    unfollowed: Unfollowed | None = None
    named: bool = False
    linked: bool = False
    delivered_as: str | None = None
    delivered_submission_id: UUID | None = None
    moved_to: CaseNumber | None = None
    category: str | None = None
    category_type: str | None = None
    priority: str | None = None
    description: str | None = None
    d365_description: str | None = None
    traceparent: str | None = None

    @property
    def party(self) -> Party:
        """Its dealer as D365 knows it."""
        return Party(self.data_area_id, self.customer_account)

    @property
    def current_submission_id(self) -> UUID | None:
        """The newest submission's ID, None for a case that was never submitted here."""
        return self.submission_ids[0] if self.submission_ids else None

    @property
    def number(self) -> CaseNumber | None:
        """Where D365 keeps its record; None before that is known."""
        return (self.data_area_id, self.case_id) if self.case_id else None


class Dealer(NamedTuple):
    """A registered dealer; one that D365 no longer names is not active and gets no new cases."""

    slug: str
    active: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """What to do with one case of D365.

    In this order: rows whose Case ID it has now are no longer followed (`reused`), a row born there is removed
    (`remove`), its own row follows it (`update`) or stops (`move`), and another dealer gets a row (`insert_for`).
    `look_at`: read this row's own Case ID, because the case seems to exist twice.
    """

    remove: str | None = None
    update: KnownCase | None = None
    move: KnownCase | None = None
    insert_for: str | None = None
    reused: tuple[KnownCase, ...] = ()
    look_at: KnownCase | None = None
    ignored: Ignored | None = None

    @property
    def hides(self) -> bool:
        """Whether dealers do not see the case now, and no row remains to show that."""
        shown = self.update or self.insert_for
        return not shown and self.ignored not in (Ignored.STALE, Ignored.SECOND)


def applies(began_at: datetime, last_began_at: datetime | None) -> bool:
    """A read applies only if it began after the last one applied: then order and repeats do not matter."""
    return last_began_at is None or began_at > last_began_at


@dataclass(frozen=True)
class Rules:
    """What the configuration says about placing; `by_submission_id` is `Mapping.has_submission_id`."""

    category_types: CategoryTypes
    by_submission_id: bool

    def place(
        self,
        found: D365Case,
        began_at: datetime,
        *,
        at_number: Sequence[KnownCase],
        by_web_case_id: KnownCase | None,
        dealer: Dealer | None,
        absent: Collection[CaseNumber] = (),
    ) -> Placement:
        """Place `found`; the rows are those with its Case ID and its Web Case ID, `dealer` is its customer's.

        `absent`: numbers under which D365 surely has no record any more.
        """
        placement = self._place(found, at_number, by_web_case_id, dealer, absent)
        born = [row for row in at_number if row.origin is Origin.D365]
        touched = [row for row in (placement.update, placement.move, *placement.reused, *born) if row is not None]
        if any(not applies(began_at, row.read_began_at) for row in touched):
            return Placement(ignored=Ignored.STALE)
        return placement

    def submission_seen(self, found: D365Case, row: KnownCase) -> UUID | None:
        """Return the submission that `found` proves to be in D365."""
        if self.by_submission_id:
            return found.submission_id
        # The newest one may have been refused because an earlier one is there.
        return row.delivered_submission_id or row.current_submission_id

    def _place(
        self,
        found: D365Case,
        at_number: Sequence[KnownCase],
        by_web_case_id: KnownCase | None,
        dealer: Dealer | None,
        absent: Collection[CaseNumber],
    ) -> Placement:
        born = next((row for row in at_number if row.origin is Origin.D365), None)
        owner = self._owner(found, at_number, by_web_case_id)
        reused = tuple(
            replace(row, unfollowed=Unfollowed.REUSED)
            for row in at_number
            if row.origin is Origin.PORTAL and row.unfollowed is None and row is not owner
        )
        if owner is not None and (owner.case_id is not None or self._is_decided(found, owner)):
            return replace(self._place_owned(found, owner, born, dealer, absent), reused=reused)
        if found.web_case_id and born is None:
            ignored = Ignored.MISMATCH if by_web_case_id else Ignored.FOREIGN
            return Placement(ignored=ignored, reused=reused)
        return replace(_place_born(born, self._shown_to(found, dealer)), reused=reused)

    def _owner(
        self, found: D365Case, at_number: Sequence[KnownCase], by_web_case_id: KnownCase | None
    ) -> KnownCase | None:
        """Return the row of ours whose case `found` is, wherever it belongs now."""
        if not found.web_case_id:
            linked = (row for row in at_number if row.linked and not row.named)
            kept = (row for row in linked if row.unfollowed is not Unfollowed.REUSED)
            return min(kept, key=lambda row: row.unfollowed is not None, default=None)
        row = by_web_case_id
        if row is None or not row.submission_ids:
            return None
        is_its_case = row in at_number or _is_delivered_as(found, row)
        return row if is_its_case or self._is_submission(found, row) else None

    def _place_owned(
        self,
        found: D365Case,
        owner: KnownCase,
        born: KnownCase | None,
        dealer: Dealer | None,
        absent: Collection[CaseNumber],
    ) -> Placement:
        settled = owner.case_id is not None and owner.unfollowed is None and owner.number not in absent
        if settled and not _is_same_number(owner.number, number_of(found)):
            return Placement(ignored=Ignored.SECOND, look_at=owner)
        if self.gate.lets_through(found, owner.party):
            return Placement(update=owner, remove=born.web_case_id if born else None)
        moved = replace(owner, unfollowed=Unfollowed.MOVED, case_id=owner.case_id or found.case_id)
        return replace(_place_born(born, self._shown_to(found, dealer)), move=moved, ignored=None)

    @property
    def gate(self) -> Gate:
        """The gate: who may read what."""
        return Gate(self.category_types)

    def _shown_to(self, found: D365Case, dealer: Dealer | None) -> Dealer | None:
        return dealer if self.gate.lists(found) else None

    def _is_decided(self, found: D365Case, row: KnownCase) -> bool:
        """Whether `found` is where `row` was sent; if not, nobody follows it before d365-sync has delivered it."""
        return row.party.is_same(Party.of(found)) or _is_delivered_as(found, row)

    def _is_submission(self, found: D365Case, row: KnownCase) -> bool:
        """Whether it is any of the case's submissions, wherever it is now: a returned one may still arrive late."""
        if self.by_submission_id:
            return found.submission_id in row.submission_ids
        # Without the contact, which is not for us to read.
        sent = CaseToCreate(
            data_area_id=found.data_area_id,
            web_case_id=row.web_case_id,
            submission_id=row.submission_ids[0],
            customer_account=found.customer_account or "",
            category=row.category or "",
            category_type=row.category_type,
            priority=row.priority,
            description=row.description,
        )
        return is_ours(found, sent, by_submission_id=False)


def number_of(found: D365Case) -> CaseNumber:
    """Return where D365 keeps a record."""
    return found.data_area_id.lower(), found.case_id


def _is_delivered_as(found: D365Case, row: KnownCase) -> bool:
    return row.delivered_as is not None and _is_same_number((row.data_area_id, row.delivered_as), number_of(found))


def _is_same_number(one: CaseNumber | None, other: CaseNumber) -> bool:
    """Whether the two are the same number to D365, which compares keys without case."""
    return one is not None and one[0] == other[0] and same_key(one[1], other[1])


def _place_born(row: KnownCase | None, dealer: Dealer | None) -> Placement:
    """A row born in D365 follows its case there: to another dealer, or out of the dealers' sight."""
    if row is not None and dealer is not None and dealer.slug == row.dealer:
        return Placement(update=row)
    new_for = dealer.slug if dealer is not None and dealer.active else None
    hidden = None if new_for or row is not None else Ignored.NOT_FOR_DEALERS
    return Placement(remove=row.web_case_id if row else None, insert_for=new_for, ignored=hidden)
