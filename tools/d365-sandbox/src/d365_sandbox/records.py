"""Reading and writing the records of any entity set."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from d365_sandbox.entities import EntitySet, Kind, etag, to_public, to_stored
from d365_sandbox.odata_errors import ODataError, not_found, unknown_property, update_conflict
from d365_sandbox.odata_query import Key, Query
from d365_sandbox.odata_sql import Where, join
from d365_sandbox.setup import Setup
from d365_sandbox.store import FIRST_REC_ID, Rows, Store

Values = dict[str, str | int]
PublicRecord = dict[str, Any]


def to_values(entity: EntitySet, body: Mapping[str, object]) -> Values:
    """A JSON body as values to store; annotations are ignored. Raises `ODataError` 400 naming the property."""
    values: Values = {}
    for name, value in body.items():
        if "@" in name:
            continue
        field = entity.field(name)
        if field.private:
            raise unknown_property(name, entity.type_name)
        if field.computed:
            raise ODataError(400, f"Field '{name}' is set by the system and cannot be given.")
        values[name] = to_stored(entity, name, value)
    return values


def to_record(entity: EntitySet, row: sqlite3.Row, select: tuple[str, ...] = ()) -> PublicRecord:
    """A stored row as OData shows it."""
    record: PublicRecord = {"@odata.etag": etag(row["rec_version"], row["rec_id"])}
    for field in entity.public:
        if not select or field.name in select:
            record[field.name] = to_public(field, row[field.name])
    return record


def key_condition(entity: EntitySet, key: Mapping[str, str | int]) -> Where:
    """The condition that names one record."""
    return Where(" AND ".join(f"{name} = ?" for name in entity.keys), [key[name] for name in entity.keys])


def visible(query: Query, setup: Setup) -> Where:
    """The filter, limited to visible companies, and to the default one unless the request crosses companies."""
    companies = Where("TRUE") if query.cross_company else Where("dataAreaId = ?", [setup.default_company])
    hidden = [Where("dataAreaId <> ?", [company]) for company in setup.hidden_companies]
    return join("AND", [companies, *hidden, query.where])


def select_page(store: Store, entity: EntitySet, where: Where, query: Query, limit: int) -> Rows:
    """The records of a page; without `$orderby`, ordered by key."""
    order = query.order or tuple((name, "ASC") for name in entity.keys)
    order_by = ", ".join(f"{name} {direction}" for name, direction in order)
    sql = f"SELECT * FROM {entity.table} WHERE {where.sql} ORDER BY {order_by} LIMIT ? OFFSET ?"  # noqa: S608 (names come from the catalog)
    return store.read(sql, [*where.parameters, limit, query.skip])


def count(store: Store, entity: EntitySet, where: Where) -> int:
    """How many records match the condition."""
    rows = store.read(f"SELECT count(*) FROM {entity.table} WHERE {where.sql}", where.parameters)  # noqa: S608
    return int(rows[0][0])


def find(source: sqlite3.Connection, entity: EntitySet, where: Where) -> sqlite3.Row | None:
    """One record, or None."""
    row = source.execute(f"SELECT * FROM {entity.table} WHERE {where.sql}", where.parameters).fetchone()  # noqa: S608
    return row if isinstance(row, sqlite3.Row) else None


def get_for_write(connection: sqlite3.Connection, entity: EntitySet, key: Key, if_match: str | None) -> sqlite3.Row:
    """The record to change; raises `ODataError` 404, or 412 if `If-Match` names another version."""
    row = find(connection, entity, key_condition(entity, key))
    if row is None:
        raise not_found(entity.type_name)
    if if_match not in (None, "*", etag(row["rec_version"], row["rec_id"])):
        raise update_conflict(entity.label, entity.table)
    return row


def insert(
    connection: sqlite3.Connection, entity: EntitySet, values: Mapping[str, str | int], now: float
) -> sqlite3.Row:
    """Writes a new record with its timestamps; raises `sqlite3.IntegrityError` if the key exists."""
    given = {field.name: values.get(field.name, field.empty) for field in entity.fields} | _stamps(entity, now)
    complete = {name: value for name, value in given.items() if name not in _rec_ids(entity)}
    if entity.table == "CaseDetailBase":
        complete["status_changed_at"] = now
    names = ", ".join(complete)
    marks = ", ".join(mark_of(value) for value in complete.values())
    row = connection.execute(
        f"INSERT INTO {entity.table} (rec_id, rec_version, {names}) "  # noqa: S608
        f"VALUES ((SELECT {FIRST_REC_ID} WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = ?)), 0, {marks}) "
        "RETURNING *",
        [entity.table, *map(bound, complete.values())],
    ).fetchone()
    if not isinstance(row, sqlite3.Row):
        raise sqlite3.DatabaseError(f"nothing was inserted into {entity.table}")
    return row


def _rec_ids(entity: EntitySet) -> set[str]:
    return {field.name for field in entity.fields if field.kind is Kind.REC_ID}


def _stamps(entity: EntitySet, now: float) -> dict[str, str | int | float]:
    return {field.name: int(now) for field in entity.fields if field.kind is Kind.DATETIME and field.computed}


def update(
    connection: sqlite3.Connection, entity: EntitySet, rec_id: int, values: Mapping[str, str | int | float]
) -> None:
    """Changes fields of a record, except its RecId; increments its version."""
    values = {name: value for name, value in values.items() if name not in _rec_ids(entity)}
    changes = ", ".join(f"{name} = {mark_of(value)}" for name, value in values.items())
    connection.execute(
        f"UPDATE {entity.table} SET rec_version = rec_version + 1, {changes} WHERE rec_id = ?",  # noqa: S608
        [*map(bound, values.values()), rec_id],
    )


def mark_of(value: object) -> str:
    """The placeholder of a value; a text with half a surrogate pair is bound as bytes."""
    return "CAST(? AS TEXT)" if isinstance(bound(value), bytes) else "?"


def bound(value: object) -> object:
    """A value as SQLite takes it."""
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        return value.encode("utf-8", "surrogatepass")
    return value


def modified(entity: EntitySet, now: float) -> Values:
    """The timestamp of a change, if the entity has one."""
    return {"SysModifiedDateTime": int(now)} if "SysModifiedDateTime" in entity.names else {}


def delete(connection: sqlite3.Connection, entity: EntitySet, rec_id: int) -> None:
    """Removes a record."""
    connection.execute(f"DELETE FROM {entity.table} WHERE rec_id = ?", [rec_id])  # noqa: S608
