"""What D365 checks before it writes a record: mandatory fields, lengths, related records, unique fields."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from d365_sandbox import records
from d365_sandbox.entities import CASES, EntitySet, Kind
from d365_sandbox.environment import Environment
from d365_sandbox.odata_errors import ODataError, already_exists, write_failed
from d365_sandbox.odata_sql import Where
from d365_sandbox.records import Values


@dataclass(frozen=True, slots=True)
class Validation:
    """The rules of a write; they run inside a store's operation, against the current set-up."""

    environment: Environment

    def checked(
        self, connection: sqlite3.Connection, entity: EntitySet, values: Values, given: Values, own_id: int = 0
    ) -> Values:
        """The values to store; raises `ODataError` if D365 refuses them.

        `given`: the values that this write changes. `own_id`: the record's RecId, 0 for a new one.
        """
        setup = self.environment.setup
        given = _cut(entity, given) if setup.too_long == "cut" else given
        kept = values | given
        reasons = _too_long(entity, given) + _missing(entity, kept)
        if entity.name == CASES and not reasons:
            reasons = self._dangling(connection, kept)
        if reasons:
            raise write_failed(entity.type_name, reasons, entity.table)
        if entity.name == CASES and setup.unique_web_case_id and kept.get("WebCaseId"):
            self._refuse_second(connection, entity, kept, own_id)
        return kept

    def duplicate(self, entity: EntitySet, keys: Mapping[str, str | int]) -> ODataError:
        """The refusal of a second record with these values."""
        text = ", ".join(f"{name}: {value}" for name, value in keys.items())
        status = self.environment.setup.duplicate_status
        return already_exists(status, entity.type_name, entity.label, entity.table, text)

    def _dangling(self, connection: sqlite3.Connection, values: Mapping[str, str | int]) -> list[str]:
        catalog = self.environment.catalog
        references: list[tuple[str, tuple[str, ...]]] = [
            ("CaseCategoryHierarchyDetails", ("CategoryType", "CaseCategory"))
        ]
        references += [("CasePriorities", ("Priority",))] if values.get("Priority") else []
        references += [("CustomersV3", ("CustomerAccount",))] if values.get("CustomerAccount") else []
        return [
            f"The value '{values[names[-1]]}' in field '{names[-1]}' is not found in the related table "
            f"'{catalog[set_name].label}'."
            for set_name, names in references
            if not _exists(connection, catalog[set_name], ("dataAreaId", *names), values)
        ]

    def _refuse_second(
        self, connection: sqlite3.Connection, entity: EntitySet, values: Mapping[str, str | int], own_id: int
    ) -> None:
        condition = Where(
            "dataAreaId = ? AND WebCaseId = ? AND rec_id <> ?", [values["dataAreaId"], values["WebCaseId"], own_id]
        )
        if records.find(connection, entity, condition) is not None:
            raise self.duplicate(entity, {"WebCaseId": values["WebCaseId"]})


def _exists(
    connection: sqlite3.Connection, entity: EntitySet, names: tuple[str, ...], values: Mapping[str, str | int]
) -> bool:
    where = Where(" AND ".join(f"{name} = ?" for name in names), [values.get(name, "") for name in names])
    return records.find(connection, entity, where) is not None


def _missing(entity: EntitySet, values: Mapping[str, str | int]) -> list[str]:
    wanted = {field.name for field in entity.fields if field.mandatory} | set(entity.keys)
    # The number sequence fills a case's key, also where the metadata calls it mandatory.
    wanted -= set(entity.keys) if entity.name == CASES else set()
    return [f"Field '{name}' must be filled in." for name in sorted(wanted) if not values.get(name)]


def _too_long(entity: EntitySet, values: Mapping[str, str | int]) -> list[str]:
    return [
        f"The value in field '{field.name}' is longer than {field.length} characters."
        for field in entity.fields
        if field.kind is Kind.STRING and units(str(values.get(field.name, ""))) > field.length
    ]


def _cut(entity: EntitySet, values: Values) -> Values:
    lengths = {field.name: field.length for field in entity.fields if field.kind is Kind.STRING}
    return {name: shortened(str(value), lengths[name]) if name in lengths else value for name, value in values.items()}


def units(text: str) -> int:
    """The length of a text in UTF-16 units, as nvarchar counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shortened(text: str, length: int) -> str:
    """The first UTF-16 units of a text, which may end with half a surrogate pair."""
    return text.encode("utf-16-le", "surrogatepass")[: length * 2].decode("utf-16-le", "surrogatepass")
