"""The entity sets that the sandbox serves: their keys, fields, lengths and enumerations."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property, lru_cache

from d365_sandbox.odata_errors import NAMESPACE, ODataError, RefusedField, unknown_property

EMPTY_DATETIME = int(datetime(1900, 1, 1, tzinfo=UTC).timestamp())

CASES = "DealerPortalCases"
CASE_STATUSES = ("None", "Planned", "Opened", "Open", "InProcess", "Closed", "Canceled")
CATEGORY_TYPES = (
    *("General", "Sales", "Purchase", "Service", "Project", "Production"),
    *("Collections", "Audit", "Web", "HumanResources", "ProductChange", "FMLA"),
)
ENUMS = {"CaseStatus": CASE_STATUSES, "CaseCategoryType": CATEGORY_TYPES}


class Kind(StrEnum):
    """The EDM types in use; datetimes are whole seconds in UTC, the only Int64 is the RecId."""

    STRING = "Edm.String"
    DATETIME = "Edm.DateTimeOffset"
    REC_ID = "Edm.Int64"
    ENUM = "enum"


@dataclass(frozen=True, slots=True)
class Field:
    """A property of an entity; `length` counts UTF-16 units; only D365 sets `computed` ones.

    One that is not `editable` can be set only at creation. OData does not know a `private` one; it shows one that is
    not `filterable`, but refuses it in every query option.
    """

    name: str
    kind: Kind = Kind.STRING
    length: int = 60
    enum: str = ""
    computed: bool = False
    mandatory: bool = False
    editable: bool = True
    private: bool = False
    filterable: bool = True
    symbols: tuple[str, ...] = ()

    @property
    def edm_type(self) -> str:
        """The type as `$metadata` names it."""
        return f"{NAMESPACE}.{self.enum}" if self.kind is Kind.ENUM else self.kind.value

    @property
    def empty(self) -> str | int:
        """What D365 stores if nothing was given: it has no nulls."""
        if self.kind is Kind.DATETIME:
            return EMPTY_DATETIME
        if self.kind is Kind.REC_ID:
            return 0
        return self.symbols[0] if self.kind is Kind.ENUM else ""


@dataclass(frozen=True)
class EntitySet:
    """A public collection and the table behind it."""

    name: str
    type_name: str
    label: str
    table: str
    keys: tuple[str, ...]
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field by its exact name; raises `ODataError` 400 as D365 does for an unknown one."""
        for field in self.fields:
            if field.name == name:
                return field
        raise unknown_property(name, self.type_name)

    def queried(self, name: str) -> Field:
        """The field of a query option; raises `ODataError` 400, without a body for a field that is not public."""
        field = self.field(name)
        if field.private or not field.filterable:
            raise RefusedField(name)
        return field

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All property names, in order."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def public(self) -> tuple[Field, ...]:
        """What OData shows."""
        return tuple(field for field in self.fields if not field.private)

    @cached_property
    def public_names(self) -> tuple[str, ...]:
        """The names of what OData shows, in order."""
        return tuple(field.name for field in self.public)


def _text(*names: str, length: int = 60) -> tuple[Field, ...]:
    return tuple(Field(name, length=length) for name in names)


def _fixed(*names: str, length: int) -> tuple[Field, ...]:
    return tuple(Field(name, length=length, editable=False) for name in names)


def _stamps() -> tuple[Field, ...]:
    return tuple(Field(name, Kind.DATETIME, computed=True) for name in ("SysCreatedDateTime", "SysModifiedDateTime"))


def _enum(name: str, enum: str) -> Field:
    return Field(name, Kind.ENUM, enum=enum, symbols=ENUMS[enum])


def build_catalog() -> dict[str, EntitySet]:
    """The entity sets by name, as in the X++ model; `Resolution` exists only if it is made mandatory."""
    category_type = _enum("CategoryType", "CaseCategoryType")
    company = Field("dataAreaId", length=4)
    cases = EntitySet(
        CASES, "DealerPortalCase", "Cases", "CaseDetailBase", ("dataAreaId", "CaseId"),
        (
            company, Field("CaseId", length=20, computed=True), *_fixed("WebCaseId", "CustomerAccount", length=20),
            *_fixed("SubmissionId", length=36), Field("CaseCategory", mandatory=True), category_type,
            Field("Priority", length=20), *_text("Description", length=4000), *_text("Notes", length=32_000),
            *_fixed("ContactName", length=200), *_fixed("ContactEmail", length=254),
            *_fixed("ContactPhone", length=50), *_fixed("CreatedByUser", length=254),
            _enum("CaseStatus", "CaseStatus"), *_stamps(), Field("CaseRecId", Kind.REC_ID, computed=True),
            Field("Resolution", length=1000, private=True),
        ),
    )  # fmt: skip
    categories = EntitySet(
        "CaseCategoryHierarchyDetails", "CaseCategoryHierarchyDetail", "Case categories",
        "CaseCategoryHierarchyDetail", ("dataAreaId", "CategoryType", "CaseCategory"),
        (
            company, category_type, *_text("CaseCategory", "Description", "ParentCaseCategoryName", length=255),
            _enum("ParentCaseCategoryType", "CaseCategoryType"),
        ),
    )  # fmt: skip
    priorities = EntitySet(
        "CasePriorities", "CasePriority", "Case priorities", "CasePriority", ("dataAreaId", "Priority"),
        (company, Field("Priority", length=20), Field("Description", length=255)),
    )  # fmt: skip
    customers = EntitySet(
        "CustomersV3", "CustomerV3", "Customers", "CustTable", ("dataAreaId", "CustomerAccount"),
        (
            company, Field("CustomerAccount", length=20), Field("OrganizationName", length=255),
            Field("CustomerGroupId", length=10),
        ),
    )  # fmt: skip
    logs = EntitySet(
        "DocumentQueueLogs", "DocumentQueueLog", "Document queue log", "DocumentQueueLog", ("dataAreaId", "LogId"),
        (
            company, *_text("LogId", "State", "CustomerAccount", length=60), *_text("WebCaseId", length=20),
            *_text("SubmissionId", length=36),
            *_text("Cause", length=255), *_text("Message", length=32_000), *_stamps(),
        ),
    )  # fmt: skip
    return {entity.name: entity for entity in (cases, categories, priorities, customers, logs)}


def etag(rec_version: int, rec_id: int) -> str:
    """The weak ETag as captured: base64 of `'RecVersion,RecId'`, quotes included."""
    value = base64.b64encode(f"'{rec_version},{rec_id}'".encode()).decode()
    return f'W/"{value}"'


@lru_cache(maxsize=4096)
def to_datetime_text(seconds: int) -> str:
    """Seconds since 1970 as OData text; the empty date is `1900-01-01T00:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_stored(entity: EntitySet, name: str, value: object) -> str | int:
    """A JSON value as it is stored; raises `ODataError` 400 for a wrong type, enum symbol or date."""
    field = entity.field(name)
    if value is None:
        return field.empty
    if not isinstance(value, str) or field.kind is Kind.REC_ID:
        raise ODataError(400, f"Cannot convert a primitive value to the expected type '{field.edm_type}' of '{name}'.")
    if field.kind is Kind.ENUM and value not in field.symbols:
        raise ODataError(400, f"The value '{value}' is not a member of '{field.edm_type}' in '{name}'.")
    return _to_seconds(field, value) if field.kind is Kind.DATETIME else value


def _to_seconds(field: Field, value: str) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ODataError(400, f"Cannot convert the literal '{value}' to '{field.edm_type}'.") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def to_public(field: Field, stored: str | int) -> str | int:
    """A stored value as JSON shows it."""
    return to_datetime_text(int(stored)) if field.kind is Kind.DATETIME else stored
