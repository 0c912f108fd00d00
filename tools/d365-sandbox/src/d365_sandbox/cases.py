"""What D365 does with a case beyond storing it: defaults, validation, the number sequence, events."""

import sqlite3
from dataclasses import dataclass

from d365_sandbox import records
from d365_sandbox.entities import CASES, EntitySet
from d365_sandbox.environment import Environment
from d365_sandbox.events import EventLog
from d365_sandbox.odata_errors import ODataError, write_failed
from d365_sandbox.odata_query import Key
from d365_sandbox.records import Values
from d365_sandbox.store import next_number
from d365_sandbox.validation import Validation


@dataclass(frozen=True, slots=True)
class Books:
    """Writes to the entity sets, with D365's rules; every method runs inside a store's operation."""

    environment: Environment
    events: EventLog

    @property
    def catalog(self) -> dict[str, EntitySet]:
        """The entity sets under the current set-up."""
        return self.environment.catalog

    @property
    def validation(self) -> Validation:
        """The rules of a write."""
        return Validation(self.environment)

    def create(self, connection: sqlite3.Connection, entity: EntitySet, values: Values, now: float) -> sqlite3.Row:
        """Creates a record; raises `ODataError` if D365's validation refuses it or its key exists."""
        complete = dict(values)
        complete["dataAreaId"] = str(values.get("dataAreaId") or self.environment.setup.default_company).lower()
        if entity.name == CASES:
            complete = self._with_category_type(connection, complete)
        complete = self.validation.checked(connection, entity, complete, complete)
        if entity.name == CASES and not complete.get("CaseId"):
            complete["CaseId"] = self._next_case_id(connection, entity, str(complete["dataAreaId"]))
        try:
            row = records.insert(connection, entity, complete, now)
        except sqlite3.IntegrityError as error:
            raise self.validation.duplicate(entity, {name: complete.get(name, "") for name in entity.keys}) from error
        if entity.name == CASES:
            self._send_event(connection, row, now)
        return row

    def _next_case_id(self, connection: sqlite3.Connection, entity: EntitySet, company: str) -> str:
        if not self.environment.setup.number_sequence:
            reason = (
                "Number sequence for reference Case ID has not been set up in the Human resources shared parameters."
            )
            raise write_failed(entity.type_name, [reason], entity.table)
        return f"CASE-{next_number(connection, f'case:{company}'):06d}"

    def _send_event(self, connection: sqlite3.Connection, case: sqlite3.Row, now: float) -> None:
        """Sends the business event, if an administrator has activated it for the legal entity."""
        inactive = {company.lower() for company in self.environment.setup.inactive_events}
        if case["dataAreaId"].lower() not in inactive:
            self.events.emit(connection, case, now)

    def change(
        self,
        connection: sqlite3.Connection,
        entity: EntitySet,
        key: Key,
        values: Values,
        if_match: str | None,
        now: float,
    ) -> sqlite3.Row:
        """Changes a record by key and returns the new version; a new case status sends an event."""
        before = records.get_for_write(connection, entity, key, if_match)
        fixed = [name for name in entity.keys if str(values.get(name, before[name])).lower() != before[name].lower()]
        if fixed:
            raise ODataError(400, f"The key field '{fixed[0]}' cannot be changed.")
        _refuse_fixed(entity, before, values)
        complete: Values = {name: before[name] for name in entity.names} | values
        complete |= {name: before[name] for name in entity.keys}
        given = {name: value for name, value in values.items() if name not in entity.keys}
        complete = self.validation.checked(connection, entity, complete, given, own_id=before["rec_id"])
        moved = entity.name == CASES and complete["CaseStatus"] != before["CaseStatus"]
        stamps: dict[str, str | int | float] = {"status_changed_at": now} if moved else {}
        records.update(connection, entity, before["rec_id"], complete | records.modified(entity, now) | stamps)
        after = records.get_for_write(connection, entity, key, None)
        if moved:
            self._send_event(connection, after, now)
        return after

    def rewrite(
        self, connection: sqlite3.Connection, key: Key, values: Values, now: float, *, event: bool | None
    ) -> sqlite3.Row:
        """Changes a case as only staff or a restore can, including key fields.

        `event`: whether to send one even without a new status; None: for a new customer, as the X++ model does.
        Raises `ODataError` as `change` does.
        """
        entity = self.catalog[CASES]
        before = records.get_for_write(connection, entity, key, None)
        complete: Values = {name: before[name] for name in entity.names} | values
        if "CategoryType" in values and "CaseCategory" not in values:
            complete["CaseCategory"] = self._first_category(connection, complete)
        complete = self.validation.checked(connection, entity, complete, values, own_id=before["rec_id"])
        has_new_status = complete["CaseStatus"] != before["CaseStatus"]
        stamps: dict[str, str | int | float] = {"status_changed_at": now} if has_new_status else {}
        try:
            records.update(connection, entity, before["rec_id"], complete | records.modified(entity, now) | stamps)
        except sqlite3.IntegrityError as error:
            raise self.validation.duplicate(entity, {name: complete[name] for name in entity.keys}) from error
        after = records.get_for_write(connection, entity, {name: complete[name] for name in entity.keys}, None)
        if event is None:
            event = after["CustomerAccount"] != before["CustomerAccount"]
        if event or has_new_status:
            self._send_event(connection, after, now)
        return after

    def delete_case(self, connection: sqlite3.Connection, key: Key, now: float, *, event: bool) -> None:
        """Deletes a case; `event`: sends one, as an event under way or a customization would."""
        row = records.get_for_write(connection, self.catalog[CASES], key, None)
        records.delete(connection, self.catalog[CASES], row["rec_id"])
        if event:
            self._send_event(connection, row, now)

    def _first_category(self, connection: sqlite3.Connection, values: Values) -> str:
        table = self.catalog["CaseCategoryHierarchyDetails"].table
        found = connection.execute(
            f"SELECT min(CaseCategory) FROM {table} WHERE dataAreaId = ? AND CategoryType = ?",  # noqa: S608 (a fixed table)
            (values["dataAreaId"], values["CategoryType"]),
        ).fetchone()
        return str(found[0] or values["CaseCategory"])

    def remove(self, connection: sqlite3.Connection, entity: EntitySet, key: Key, if_match: str | None) -> None:
        """Deletes a record by key; its number is not reused."""
        records.delete(connection, entity, records.get_for_write(connection, entity, key, if_match)["rec_id"])

    def _with_category_type(self, connection: sqlite3.Connection, values: Values) -> Values:
        """Field defaulting: a category that is in only one type needs no type."""
        if values.get("CategoryType") or not values.get("CaseCategory"):
            return values
        table = self.catalog["CaseCategoryHierarchyDetails"].table
        found = connection.execute(
            f"SELECT CategoryType FROM {table} WHERE dataAreaId = ? AND CaseCategory = ?",  # noqa: S608 (a fixed table)
            (values["dataAreaId"], values["CaseCategory"]),
        ).fetchall()
        return values | {"CategoryType": found[0][0]} if len(found) == 1 else values


def _refuse_fixed(entity: EntitySet, before: sqlite3.Row, values: Values) -> None:
    """Raises `ODataError` if a client changes a field that can be set only at creation."""
    for field in entity.fields:
        if not field.editable and str(values.get(field.name, before[field.name])) != before[field.name]:
            reason = f"Field '{field.name}' does not allow editing."
            raise write_failed(entity.type_name, [reason], entity.table)
