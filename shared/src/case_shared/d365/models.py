"""What goes to D365 and what comes from it, in our words. Frozen; empty strings and D365's empty date are None."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from case_shared.events import MAX_KEY_CHARACTERS

# D365 writes this for "no date" (reference/d365, section 1).
_EMPTY_DATE = datetime(1900, 1, 1, tzinfo=UTC)


def _without_nul(value: Any) -> Any:
    # PostgreSQL's text takes no NUL: one odd row must not fail a batch downstream.
    return value.replace("\0", "") if isinstance(value, str) else value


def _empty_to_none(value: Any) -> Any:
    return _without_nul(value) or None


def _uuid_or_none(value: Any) -> UUID | None:
    # As text or as D365 writes a Guid (in braces, zeros for none); anything else was not written by us.
    try:
        found = UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.int else None


def _as_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _empty_date_to_none(value: datetime | None) -> datetime | None:
    moment = value and _as_utc(value)
    return None if moment == _EMPTY_DATE else moment


Text = Annotated[str, BeforeValidator(_without_nul)]
OptionalText = Annotated[str | None, BeforeValidator(_empty_to_none)]
OptionalMoment = Annotated[datetime | None, BeforeValidator(_empty_to_none), AfterValidator(_empty_date_to_none)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


def is_case_id(text: str) -> bool:
    """Whether `text` can be stored and told as a Case ID. (D365's own are up to 20 characters.)"""
    return 0 < len(text) <= MAX_KEY_CHARACTERS


class CaseToCreate(_Frozen):
    """One submission as it is sent; None is not sent at all. Ids are ours, `category_type` is D365's enum symbol."""

    data_area_id: str
    web_case_id: str
    submission_id: UUID
    customer_account: str
    category: str
    category_type: str | None = None
    priority: str | None = None
    description: str | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    notes: str | None = None
    created_by: str | None = None


class D365Case(_Frozen):
    """A case as D365 has it now. Never its Notes: they are not asked for."""

    data_area_id: Text
    case_id: Text
    web_case_id: OptionalText = None
    submission_id: Annotated[UUID | None, BeforeValidator(_uuid_or_none)] = None
    customer_account: OptionalText = None
    category: OptionalText = None
    category_type: OptionalText = None
    priority: OptionalText = None
    description: OptionalText = None
    contact_name: OptionalText = None
    contact_email: OptionalText = None
    contact_phone: OptionalText = None
    created_by: OptionalText = None
    status: OptionalText = None
    modified_at: OptionalMoment = None


class Customer(_Frozen):
    """A customer account of one legal entity."""

    data_area_id: Text
    customer_account: Text
    name: OptionalText = None


class Category(_Frozen):
    """A case category; its key is (data_area_id, category_type, category)."""

    data_area_id: Text
    category: Text
    category_type: Text
    description: OptionalText = None


class Priority(_Frozen):
    """A case priority (a free code of a setup table)."""

    data_area_id: Text
    priority: Text
    description: OptionalText = None


class DocumentFailure(_Frozen):
    """What D365's own document queue is told about a document that failed."""

    data_area_id: str
    document_id: str
    web_case_id: str
    submission_id: UUID
    customer_account: str
    state: str
    cause: str
    reason: str


class ModifiedKey(NamedTuple):
    """Where a reconciliation read stands: the last case seen, in D365's order."""

    modified_at: datetime
    data_area_id: str
    case_id: str


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The sure part of a look-up by Web Case ID.

    `found` has every case per Web Case ID as it was asked for (two for one is possible: an alarm). `controlled` has the
    Web Case IDs whose very answer also showed a case that is known to be there: only for those is "not found" a proof.
    """

    found: Mapping[str, tuple[D365Case, ...]]
    controlled: frozenset[str]

    def is_surely_absent(self, web_case_id: str) -> bool:
        """Not there, and the same answer showed a positive control."""
        return web_case_id in self.controlled and web_case_id not in self.found


@dataclass(frozen=True, slots=True)
class PreflightProblem:
    """Something in the mapping that D365 does not have or does not let us read.

    `field` is D365's name, None for the whole entity set; `gates` where cases cannot be delivered because of it.
    """

    table: str
    entity_set: str
    field: str | None
    why: str

    @property
    def gates(self) -> bool:
        """Whether delivery needs it: the lists are read by others, D365's own document queue is best effort."""
        return self.table == "case"

    def __str__(self) -> str:
        """One sentence for the log and the operator."""
        what = f"field {self.field} of {self.entity_set}" if self.field else f"entity set {self.entity_set}"
        return f"mapping [{self.table}]: {what}: {self.why}"
