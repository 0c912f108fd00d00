"""Where a case that was read in D365 belongs in the read model, and whether the read still counts."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from case_shared.category_types import CategoryTypes
from case_shared.d365.matching import is_ours
from case_shared.d365.models import CaseToCreate, D365Case


class Origin(StrEnum):
    """Where a case was created."""

    PORTAL = "portal"
    D365 = "d365"


class Ignored(StrEnum):
    """Why a case of D365 changes nothing here."""

    STALE = "stale"  # a read that began later was applied before
    NOT_FOR_DEALERS = "not_for_dealers"  # no registered dealer's, or of a type that dealers may not see
    FOREIGN = "foreign_web_case_id"  # a Web Case ID that we do not know
    MISMATCH = "other_content"  # our Web Case ID, but not what was submitted: d365-sync decides about it
    SECOND = "second_case"  # our submission has another Case ID already: D365 has it twice


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A row of the read model, as far as a read of D365 must know it."""

    web_case_id: str
    dealer: str
    data_area_id: str
    customer_account: str
    origin: Origin
    case_id: str | None
    read_began_at: datetime | None
    submission_ids: tuple[UUID, ...] = ()  # newest first
    category: str | None = None
    category_type: str | None = None
    priority: str | None = None
    description: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None

    @property
    def current_submission_id(self) -> UUID | None:
        """The newest submission's, None for a case that was never submitted here."""
        return self.submission_ids[0] if self.submission_ids else None


class Dealer(NamedTuple):
    """A registered dealer; one that D365 does not name any more is not active and gets no new cases."""

    slug: str
    active: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """What to do with one case of D365: remove a row born there, then update one row or insert one for a dealer."""

    remove: str | None = None
    update: KnownCase | None = None
    insert_for: str | None = None
    ignored: Ignored | None = None

    @property
    def hides(self) -> bool:
        """Whether dealers do not see the case now, of which no row remains to tell."""
        shown = self.update or self.insert_for
        return not shown and self.ignored not in (Ignored.STALE, Ignored.SECOND)


def applies(began_at: datetime, last_began_at: datetime | None) -> bool:
    """A read applies only if it began after the last one applied: disorder and doubles cannot matter then."""
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
        by_case_id: KnownCase | None,
        by_web_case_id: KnownCase | None,
        dealer: Dealer | None,
    ) -> Placement:
        """Place `found`; the rows are those with its Case ID and its Web Case ID, `dealer` is its customer's."""
        placement = self._place(found, by_case_id, by_web_case_id, dealer)
        touched = [row for row in (placement.update, by_case_id) if row is not None]
        if any(not applies(began_at, row.read_began_at) for row in touched):
            return Placement(ignored=Ignored.STALE)
        return placement

    def submission_seen(self, found: D365Case, row: KnownCase) -> UUID | None:
        """Which submission `found` proves to be in D365."""
        return found.submission_id if self.by_submission_id else row.current_submission_id

    def _place(
        self, found: D365Case, by_case_id: KnownCase | None, by_web_case_id: KnownCase | None, dealer: Dealer | None
    ) -> Placement:
        if by_case_id is not None and by_case_id.origin is Origin.PORTAL:
            return Placement(update=by_case_id)
        submitted = by_web_case_id if by_web_case_id and by_web_case_id.submission_ids else None
        if submitted is not None and self._is_ours(found, submitted):
            if submitted.case_id is not None:
                return Placement(ignored=Ignored.SECOND)
            return Placement(update=submitted, remove=by_case_id.web_case_id if by_case_id else None)
        shown_to = dealer if self.category_types.allow(found.category_type) else None
        if by_case_id is not None:
            return _place_born(by_case_id, shown_to)
        if found.web_case_id:
            return Placement(ignored=Ignored.MISMATCH if by_web_case_id else Ignored.FOREIGN)
        new_for = _new_for(shown_to)
        return Placement(insert_for=new_for) if new_for else Placement(ignored=Ignored.NOT_FOR_DEALERS)

    def _is_ours(self, found: D365Case, row: KnownCase) -> bool:
        """DESIGN section 5; any of the case's submissions counts, for one that was returned may arrive late."""
        seen = found.submission_id if found.submission_id in row.submission_ids else row.submission_ids[0]
        sent = CaseToCreate(
            data_area_id=row.data_area_id,
            web_case_id=row.web_case_id,
            submission_id=seen,
            customer_account=row.customer_account,
            category=row.category or "",
            category_type=row.category_type,
            priority=row.priority,
            description=row.description,
            contact_name=row.contact_name,
            contact_email=row.contact_email,
            contact_phone=row.contact_phone,
        )
        return is_ours(found, sent, by_submission_id=self.by_submission_id)


def _place_born(row: KnownCase, dealer: Dealer | None) -> Placement:
    """A row born in D365 follows its case there: to another dealer, or out of the dealers' sight."""
    if dealer is not None and dealer.slug == row.dealer:
        return Placement(update=row)
    return Placement(remove=row.web_case_id, insert_for=_new_for(dealer))


def _new_for(dealer: Dealer | None) -> str | None:
    return dealer.slug if dealer is not None and dealer.active else None
