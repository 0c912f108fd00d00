"""The mapping file (`D365_MAPPING`, TOML): the names of our fields, D365's entity sets and its status symbols.

No public page names a standard case entity (docs/d365.md#addresses-and-queries), so all of it is configuration; the
defaults match deploy/d365. An omitted key has its default; an unknown key is refused.
"""

import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from case_shared.d365.errors import MappingError
from case_shared.d365.matching import same_key
from case_shared.words.events import CaseStatus

# OData names go into addresses unescaped, so only identifiers are allowed.
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)]
OptionalName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z_][A-Za-z0-9_]*)?$", max_length=128)]

Code = Annotated[str, StringConstraints(min_length=1, max_length=60)]
Length = Annotated[int, Field(ge=1, strict=True)]
CONTACT_FIELDS = ("contact_name", "contact_email", "contact_phone")
# The text that is sent as notes where the contact goes into them; `[case.lengths] notes` is its length.
CONTACT_AND_NOTES = "contact_and_notes"

_DEFAULT_STATUS: dict[str, CaseStatus] = {
    "None": CaseStatus.SUBMITTED,
    "InProcess": CaseStatus.IN_PROCESS,
    "Planned": CaseStatus.OPEN,
    "Opened": CaseStatus.OPEN,
    "Open": CaseStatus.OPEN,
    "Closed": CaseStatus.CLOSED,
    "Canceled": CaseStatus.CANCELED,
}


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Fields(_Table):
    """Our name = D365's name. A field that D365 may lack can be mapped to ""."""

    @model_validator(mode="after")
    def _no_name_twice(self) -> Self:
        twice = [name for name, count in Counter(self.by_ours().values()).items() if count > 1]
        if twice:
            raise ValueError(f"two of our fields map to D365's field {twice[0]}; map each to a different one")
        return self

    def by_ours(self) -> dict[str, str]:
        """Return D365's names by ours, without the fields that D365 lacks."""
        return {ours: theirs for ours, theirs in self if theirs}


class CaseFields(_Fields):
    """Fields of the case entity; an optional name may be "" if D365 has no such field."""

    data_area_id: Name = "dataAreaId"
    case_id: Name = "CaseId"
    web_case_id: Name = "WebCaseId"
    submission_id: OptionalName = "SubmissionId"
    customer_account: Name = "CustomerAccount"
    category: Name = "CaseCategory"
    category_type: OptionalName = "CategoryType"
    priority: OptionalName = "Priority"
    description: OptionalName = "Description"
    notes: OptionalName = "Notes"
    contact_name: OptionalName = "ContactName"
    contact_email: OptionalName = "ContactEmail"
    contact_phone: OptionalName = "ContactPhone"
    created_by: OptionalName = "CreatedByUser"
    status: Name = "CaseStatus"
    modified_at: Name = "SysModifiedDateTime"
    rec_id: Name = "CaseRecId"


class CategoryFields(_Fields):
    """Fields of the category entity."""

    data_area_id: Name = "dataAreaId"
    category: Name = "CaseCategory"
    category_type: Name = "CategoryType"
    description: OptionalName = "Description"


class PriorityFields(_Fields):
    """Fields of the priority entity."""

    data_area_id: Name = "dataAreaId"
    priority: Name = "Priority"
    description: OptionalName = "Description"


class CustomerFields(_Fields):
    """Fields of the customer entity."""

    data_area_id: Name = "dataAreaId"
    customer_account: Name = "CustomerAccount"
    name: OptionalName = "OrganizationName"


class DocumentQueueFields(_Fields):
    """Fields of D365's own document queue entity; its key is (data_area_id, document_id)."""

    data_area_id: Name = "dataAreaId"
    document_id: Name = "LogId"
    web_case_id: OptionalName = "WebCaseId"
    submission_id: OptionalName = "SubmissionId"
    customer_account: OptionalName = "CustomerAccount"
    state: OptionalName = "State"
    cause: OptionalName = "Cause"
    reason: OptionalName = "Message"


class CaseLengths(_Table):
    """`[case.lengths]`: how many characters D365 keeps of a text, in UTF-16 units, as it counts them.

    A text that is not named has room for all that the portal allows.
    """

    description: Length | None = None
    notes: Length | None = None
    contact_name: Length | None = None
    contact_email: Length | None = None
    contact_phone: Length | None = None

    def known(self) -> dict[str, int]:
        """Return the lengths that are set, by our names."""
        return {ours: length for ours, length in self if length}


class CaseTable(_Table):
    """`[case]`."""

    entity_set: Name = "DealerPortalCases"
    fields: CaseFields = CaseFields()
    lengths: CaseLengths = CaseLengths()

    @model_validator(mode="after")
    def _lengths_of_fields(self) -> Self:
        nowhere = self.lengths.known().keys() - self.fields.by_ours().keys()
        if nowhere:
            name = min(nowhere)
            raise ValueError(
                f"[case.lengths] {name} has no field in D365; map [case.fields] {name}, or remove the length"
            )
        return self


class ReadTable(_Table):
    """A table that is only read; `filter` is an OData filter, empty for all rows."""

    entity_set: OptionalName
    filter: str = ""


class FixedCategory(_Table):
    """A category that the mapping lists; without `data_area_id` it exists in every legal entity with dealers."""

    category: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    category_type: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    description: str | None = None
    data_area_id: str | None = None


class FixedPriority(_Table):
    """A priority that the mapping lists; see `FixedCategory`."""

    priority: Code
    description: str | None = None
    data_area_id: str | None = None


class CategoryTable(ReadTable):
    """`[categories]`; with a `list` of its own, D365 is not asked."""

    entity_set: Name = "CaseCategoryHierarchyDetails"
    fields: CategoryFields = CategoryFields()
    list: tuple[FixedCategory, ...] = ()


class PriorityTable(ReadTable):
    """`[priorities]`; `order` sorts lists, by D365's code; codes that it omits follow, by name.

    With a `list` of its own D365 is not asked; with `entity_set = ""` and no list no priorities exist.
    """

    entity_set: OptionalName = "CasePriorities"
    fields: PriorityFields = PriorityFields()
    order: tuple[Code, ...] = ()
    list: tuple[FixedPriority, ...] = ()

    @property
    def is_expected(self) -> bool:
        """Whether D365 must have the set: it may lack one that the mapping does not name."""
        return bool(self.model_fields_set & {"entity_set", "filter", "fields"})


class CustomerTable(ReadTable):
    """`[customers]`; the filter says which customers are dealers."""

    entity_set: Name = "CustomersV3"
    fields: CustomerFields = CustomerFields()


class DocumentQueueTable(_Table):
    """`[document_queue]`; without an entity set nothing is written to it."""

    entity_set: Name | None = None
    fields: DocumentQueueFields = DocumentQueueFields()


class EventsTable(_Table):
    """`[events]`: the business events that may name a case."""

    # An event's ID is the name of its class: of the model in deploy/d365, and of what earlier releases asked for.
    business_event_ids: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "CBCaseStatusChangedBusinessEvent",
        "CaseStatusChangedBusinessEvent",
    )


class Mapping(_Table):
    """The whole file."""

    web_case_id_unique: bool = True
    contact_into_notes: bool = False
    case: CaseTable = CaseTable()
    categories: CategoryTable = CategoryTable()
    priorities: PriorityTable = PriorityTable()
    customers: CustomerTable = CustomerTable()
    document_queue: DocumentQueueTable = DocumentQueueTable()
    events: EventsTable = EventsTable()
    status: dict[str, CaseStatus] = _DEFAULT_STATUS

    @field_validator("status")
    @classmethod
    def _with_defaults(cls, value: dict[str, CaseStatus]) -> dict[str, CaseStatus]:
        if CaseStatus.DRAFT in value.values():
            raise ValueError("a case in D365 cannot be a draft; use submitted, in_process, open, closed or canceled")
        return value | _DEFAULT_STATUS | value  # the file's symbols come first: D365 may lack ours

    @model_validator(mode="before")
    @classmethod
    def _without_contact_fields(cls, given: Any) -> Any:
        if not isinstance(given, dict) or given.get("contact_into_notes") is not True:
            return given
        case = given.get("case", {})
        fields = dict(case.get("fields", {})) if isinstance(case, dict) else {}
        named = [name for name in CONTACT_FIELDS if fields.get(name)]
        if named:
            raise ValueError(f"contact_into_notes = true excludes [case.fields] {named[0]}; remove one of the two")
        if fields.get("notes") == "":
            raise ValueError("contact_into_notes = true needs a field for the notes; map [case.fields] notes")
        return {**given, "case": {**case, "fields": {**fields, **dict.fromkeys(CONTACT_FIELDS, "")}}}

    @property
    def lengths(self) -> dict[str, int]:
        """The lengths that are set, of the texts as they are sent: by our names, or `CONTACT_AND_NOTES`."""
        known = self.case.lengths.known()
        if self.contact_into_notes and "notes" in known:
            known[CONTACT_AND_NOTES] = known.pop("notes")
        return known

    @property
    def has_submission_id(self) -> bool:
        """Whether D365 keeps our submission ID; without it, the fields as sent show that a case is ours."""
        return bool(self.case.fields.submission_id)

    def portal_status(self, symbol: str | None) -> CaseStatus | None:
        """Return the portal's status for D365's symbol, None if the mapping does not know it (keep the last, alert)."""
        if not symbol or symbol in self.status:
            return self.status.get(symbol or "")
        return next((status for known, status in self.status.items() if same_key(symbol, known)), None)


def load_mapping(path: Path | None) -> Mapping:
    """Read the mapping file, or return the defaults if `path` is None.

    Raises: MappingError if the file is unreadable, not TOML, or has an unknown or wrong key.
    """
    if path is None:
        return Mapping()
    try:
        return Mapping.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        problems = "; ".join(_problem(dict(detail)) for detail in error.errors())
        raise MappingError(f"mapping file {path}: {problems}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise MappingError(f"mapping file {path}: {error}") from error


def _problem(detail: dict[str, Any]) -> str:
    *tables, key = [str(part) for part in detail["loc"]] or [""]
    where = f"table [{'.'.join(tables)}]" if tables else "top level"
    what = "unknown key; correct its name or remove it" if detail["type"] == "extra_forbidden" else detail["msg"]
    return f"{where}, key {key!r}: {what.removeprefix('Value error, ')}"
