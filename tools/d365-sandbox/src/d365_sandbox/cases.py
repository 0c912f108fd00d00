"""What D365 does with a case beyond storing it: defaults, validation, the number sequence, events."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from d365_sandbox import records
from d365_sandbox.entities import EntitySet, Kind
from d365_sandbox.events import EventLog
from d365_sandbox.odata_errors import ODataError, already_exists, write_failed
from d365_sandbox.odata_query import Key
from d365_sandbox.odata_sql import Where
from d365_sandbox.records import Values
from d365_sandbox.store import next_number

CASES = "DealerPortalCases"


@dataclass(frozen=True, slots=True)
class Books:
    """Writes to the entity sets, with D365's rules; every method runs inside a store's operation."""

    catalogue: dict[str, EntitySet]
    events: EventLog
    default_company: str
    unique_web_case_id: bool
    duplicate_status: int

    def create(self, connection: sqlite3.Connection, entity: EntitySet, values: Values, now: float) -> sqlite3.Row:
        """Creates a record; raises `ODataError` where D365's validation refuses it or its key exists."""
        complete = dict(values)
        complete["dataAreaId"] = str(values.get("dataAreaId") or self.default_company).lower()
        if entity.name == CASES:
            complete = self._with_category_type(connection, complete)
        self._validate(connection, entity, complete)
        if entity.name == CASES:
            complete["CaseId"] = f"CASE-{next_number(connection, 'case:' + str(complete['dataAreaId'])):06d}"
        try:
            row = records.insert(connection, entity, complete, now)
        except sqlite3.IntegrityError as error:
            raise self._duplicate(entity, {name: complete.get(name, "") for name in entity.keys}) from error
        if entity.name == CASES:
            self.events.emit(connection, row, now)
        return row

    def change(
        self,
        connection: sqlite3.Connection,
        entity: EntitySet,
        key: Key,
        values: Values,
        if_match: str | None,
        now: float,
    ) -> sqlite3.Row:
        """Changes a record by key and returns it as it is now; a new case status is an event."""
        before = records.get_for_write(connection, entity, key, if_match)
        fixed = [name for name in entity.keys if str(values.get(name, before[name])).lower() != before[name].lower()]
        if fixed:
            raise ODataError(400, f"The key field '{fixed[0]}' cannot be changed.")
        complete: Values = {name: before[name] for name in entity.names} | values
        complete |= {name: before[name] for name in entity.keys}
        self._validate(connection, entity, complete, own_id=before["rec_id"])
        moved = entity.name == CASES and complete["CaseStatus"] != before["CaseStatus"]
        stamps: dict[str, str | int | float] = {"status_changed_at": now} if moved else {}
        records.update(connection, entity, before["rec_id"], complete | records.modified(entity, now) | stamps)
        after = records.get_for_write(connection, entity, key, None)
        if moved:
            self.events.emit(connection, after, now)
        return after

    def remove(self, connection: sqlite3.Connection, entity: EntitySet, key: Key, if_match: str | None) -> None:
        """Deletes a record by key; its number is not given again."""
        records.delete(connection, entity, records.get_for_write(connection, entity, key, if_match)["rec_id"])

    def _with_category_type(self, connection: sqlite3.Connection, values: Values) -> Values:
        """Field defaulting: a category that stands in one type alone needs no type."""
        if values.get("CategoryType") or not values.get("CaseCategory"):
            return values
        table = self.catalogue["CaseCategoryHierarchyDetails"].table
        found = connection.execute(
            f"SELECT CategoryType FROM {table} WHERE dataAreaId = ? AND CaseCategory = ?",  # noqa: S608 (a fixed table)
            (values["dataAreaId"], values["CaseCategory"]),
        ).fetchall()
        return values | {"CategoryType": found[0][0]} if len(found) == 1 else values

    def _validate(
        self, connection: sqlite3.Connection, entity: EntitySet, values: Mapping[str, str | int], own_id: int = 0
    ) -> None:
        reasons = _too_long(entity, values) + _missing(entity, values)
        if entity.name == CASES and not reasons:
            reasons = self._dangling(connection, values)
        if reasons:
            raise write_failed(entity.type_name, reasons, entity.table)
        if entity.name == CASES and self.unique_web_case_id and values.get("WebCaseId"):
            self._refuse_second(connection, entity, values, own_id)

    def _dangling(self, connection: sqlite3.Connection, values: Mapping[str, str | int]) -> list[str]:
        references: list[tuple[str, tuple[str, ...]]] = [
            ("CaseCategoryHierarchyDetails", ("CategoryType", "CaseCategory"))
        ]
        references += [("CasePriorities", ("Priority",))] if values.get("Priority") else []
        references += [("CustomersV3", ("CustomerAccount",))] if values.get("CustomerAccount") else []
        return [
            f"The value '{values[names[-1]]}' in field '{names[-1]}' is not found in the related table "
            f"'{self.catalogue[set_name].label}'."
            for set_name, names in references
            if not self._exists(connection, set_name, ("dataAreaId", *names), values)
        ]

    def _exists(
        self, connection: sqlite3.Connection, set_name: str, names: tuple[str, ...], values: Mapping[str, str | int]
    ) -> bool:
        where = Where(" AND ".join(f"{name} = ?" for name in names), [values.get(name, "") for name in names])
        return records.find(connection, self.catalogue[set_name], where) is not None

    def _refuse_second(
        self, connection: sqlite3.Connection, entity: EntitySet, values: Mapping[str, str | int], own_id: int
    ) -> None:
        condition = Where(
            "dataAreaId = ? AND WebCaseId = ? AND rec_id <> ?", [values["dataAreaId"], values["WebCaseId"], own_id]
        )
        if records.find(connection, entity, condition) is not None:
            raise self._duplicate(entity, {"WebCaseId": values["WebCaseId"]})

    def _duplicate(self, entity: EntitySet, keys: Mapping[str, str | int]) -> ODataError:
        text = ", ".join(f"{name}: {value}" for name, value in keys.items())
        return already_exists(self.duplicate_status, entity.type_name, entity.label, entity.table, text)


def _missing(entity: EntitySet, values: Mapping[str, str | int]) -> list[str]:
    mandatory = ("CaseCategory",) if entity.name == CASES else entity.keys
    return [f"Field '{name}' must be filled in." for name in mandatory if not values.get(name)]


def _too_long(entity: EntitySet, values: Mapping[str, str | int]) -> list[str]:
    return [
        f"The value in field '{field.name}' is longer than {field.length} characters."
        for field in entity.fields
        if field.kind is Kind.STRING and len(str(values.get(field.name, ""))) > field.length
    ]
