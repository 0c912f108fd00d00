"""What goes to D365 and comes from it, under our names. Frozen; empty strings and D365's empty date become None."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from case_shared.d365.support import SupportIds
from case_shared.d365.texts import readable
from case_shared.words.events import MAX_KEY_CHARACTERS

# D365 writes this day for "no date", at noon where the field is a date without a time (docs/d365.md#values).
_EMPTY_DATE = date(1900, 1, 1)


def _readable(value: Any) -> Any:
    # One odd row must not fail a batch downstream.
    return readable(value) if isinstance(value, str) else value


def _empty_to_none(value: Any) -> Any:
    return _readable(value) or None


def _trimmed(value: Any) -> Any:
    text = _readable(value)
    return text.strip() if isinstance(text, str) else text


def _trimmed_or_none(value: Any) -> Any:
    return _trimmed(value) or None


def _trimmed_or_empty(value: Any) -> Any:
    return "" if value is None else _trimmed(value)


def uuid_or_none(value: Any) -> UUID | None:
    """Return the UUID, as text or as D365 writes a Guid (in braces, zeros for none); anything else is not ours."""
    try:
        found = UUID(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found and found.int else None


def moment_or_none(value: Any) -> datetime | None:
    """Return a time as D365 writes it, in UTC also without a zone; anything else is none."""
    try:
        return _as_utc(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _as_utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _empty_date_to_none(value: datetime | None) -> datetime | None:
    moment = value and _as_utc(value)
    return None if moment and moment.date() == _EMPTY_DATE else moment


Text = Annotated[str, BeforeValidator(_readable)]
OptionalText = Annotated[str | None, BeforeValidator(_empty_to_none)]
# Blanks around a key do not count in D365, and some entities pad keys with them.
Key = Annotated[str, BeforeValidator(_trimmed)]
# Empty, and unusable, until D365 has given the case its number; one such row must not hide the others.
Number = Annotated[str, BeforeValidator(_trimmed_or_empty)]
OptionalKey = Annotated[str | None, BeforeValidator(_trimmed_or_none)]
OptionalMoment = Annotated[datetime | None, BeforeValidator(_empty_to_none), AfterValidator(_empty_date_to_none)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


def is_case_id(text: str) -> bool:
    """Whether `text` can be stored and shown as a Case ID. (D365's own have up to 20 characters.)"""
    return 0 < len(text) <= MAX_KEY_CHARACTERS


class CaseToCreate(_Frozen):
    """One submission as it is sent; None is not sent at all. IDs are ours, `category_type` is D365's enum symbol."""

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
    """A case as D365 has it now. Never its Notes: we do not ask for them. `rec_id` only in reads that go by it."""

    data_area_id: Key
    case_id: Number
    web_case_id: OptionalKey = None
    submission_id: Annotated[UUID | None, BeforeValidator(uuid_or_none)] = None
    customer_account: OptionalKey = None
    category: OptionalKey = None
    category_type: OptionalKey = None
    priority: OptionalKey = None
    description: OptionalText = None
    contact_name: OptionalText = None
    contact_email: OptionalText = None
    contact_phone: OptionalText = None
    created_by: OptionalText = None
    status: OptionalKey = None
    modified_at: OptionalMoment = None
    rec_id: int | None = None


class StoredCase(D365Case):
    """One of our own cases right after it was created, to be compared with what was sent."""

    notes: OptionalText = None


class Customer(_Frozen):
    """A customer account of one legal entity."""

    data_area_id: Key
    customer_account: Key
    name: OptionalText = None


class Category(_Frozen):
    """A case category; its key is (data_area_id, category_type, category)."""

    data_area_id: Key
    category: Key
    category_type: Key
    description: OptionalText = None


class Priority(_Frozen):
    """A case priority (a free code of a set-up table)."""

    data_area_id: Key
    priority: Key
    description: OptionalText = None


class DocumentFailure(_Frozen):
    """What we write to D365's own document queue about a document that failed."""

    data_area_id: str
    document_id: str
    web_case_id: str
    submission_id: UUID
    customer_account: str
    state: str
    cause: str
    reason: str


class ModifiedKey(NamedTuple):
    """How far a reconciliation read has come: the last case seen, in D365's order."""

    modified_at: datetime
    rec_id: int


class AbsenceProof(StrEnum):
    """Why an answer of 200 without a case proves that D365 does not have it."""

    BY_KNOWN_CASE = "by_known_case"  # the same answer shows a case that is known to exist
    BY_FIRST_CASE = "by_first_case"  # no case of the legal entity is known to exist, or not any more


@dataclass(frozen=True, slots=True)
class LookUpAnswer:
    """The sure part of a look-up by Web Case ID.

    `found` maps each key, as it was asked for, to all its cases (two for one key are possible: an alarm). `proofs` maps
    the keys for which "not found" is proven to the proof. `support` names the request that answered for each. `keys`
    are those that D365 has answered for, whatever it said.
    """

    found: Mapping[str, tuple[D365Case, ...]]
    proofs: Mapping[str, AbsenceProof]
    support: Mapping[str, SupportIds] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()

    @property
    def cases(self) -> list[D365Case]:
        """All cases found."""
        return [case for cases in self.found.values() for case in cases]

    def says_something_about(self, key: str) -> bool:
        """Whether it shows the key, or proves that D365 does not have it."""
        return key in self.found or key in self.proofs

    def proof_of_absence(self, key: str) -> AbsenceProof | None:
        """Return what proves that D365 does not have the key; None if D365 has it, or nothing proves it."""
        return None if key in self.found else self.proofs.get(key)

    def is_surely_absent(self, key: str) -> bool:
        """Whether D365 does not have the key, and something proves that."""
        return self.proof_of_absence(key) is not None


@dataclass(frozen=True, slots=True)
class PreflightProblem:
    """Something in the mapping that D365 lacks or does not let us read.

    `field` is D365's name, None for the whole entity set; `gates` if it prevents the delivery of cases.
    """

    table: str
    entity_set: str
    field: str | None
    why: str

    @property
    def gates(self) -> bool:
        """Whether delivery needs it: others read the lists, and D365's own document queue is best effort."""
        return self.table == "case"

    def __str__(self) -> str:
        """Return one sentence for the log and the operator."""
        what = f"field {self.field} of {self.entity_set}" if self.field else f"entity set {self.entity_set}"
        return f"mapping [{self.table}]: {what}: {self.why}"
