"""Parts of a record: its related records, for `$expand` and by address, and each property by address."""

import sqlite3
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from d365_sandbox import records
from d365_sandbox.data_request import DataRequest
from d365_sandbox.entities import EntitySet
from d365_sandbox.environment import Environment
from d365_sandbox.navigation import Expansion, Navigation
from d365_sandbox.odata_errors import Answer, EntitySetNotFound
from d365_sandbox.odata_query import Query, parse_query
from d365_sandbox.odata_sql import Where, join
from d365_sandbox.records import PublicRecord
from d365_sandbox.store import Store


@dataclass(frozen=True, slots=True)
class RecordParts:
    """Reads what belongs to a record."""

    store: Store
    environment: Environment

    def expanded(self, entity: EntitySet, row: sqlite3.Row, query: Query) -> PublicRecord:
        """The record as the query wants it, with related records inside."""
        record = records.to_record(entity, row, query.select)
        if not query.expand:
            return record
        return record | {one.navigation.name: self._related(one, row) for one in query.expand}

    def _related(self, expansion: Expansion, row: sqlite3.Row) -> PublicRecord | list[PublicRecord] | None:
        target = self.environment.catalog[expansion.navigation.target]
        select = tuple(target.queried(name).name for name in expansion.select)
        query = parse_query("", target, self.environment.setup)
        rows = records.select_page(self.store, target, related(expansion.navigation, row), query, -1)
        shown = [records.to_record(target, found, select) for found in rows]
        return shown if expansion.navigation.many else next(iter(shown), None)


def related(navigation: Navigation, row: sqlite3.Row) -> Where:
    """The condition that finds the related records."""
    return join("AND", [Where(f"{theirs} = ?", [row[own]]) for own, theirs in navigation.fields])


def property_answer(request: DataRequest, entity: EntitySet, row: sqlite3.Row, segments: tuple[str, ...]) -> Answer:
    """`…/CaseStatus`, and `…/CaseStatus/$value` as plain text; raises `EntitySetNotFound` if it is not a property."""
    name, *rest = segments
    if name not in entity.public_names or rest not in ([], ["$value"]):
        raise EntitySetNotFound(request.raw_path)
    value: Any = records.to_record(entity, row)[name]
    if rest:
        return Answer(200, text=str(value), content_type="text/plain") if value != "" else Answer(204)
    address = unquote(request.raw_path.removeprefix("/data/"))
    return Answer(200, {"@odata.context": f"{request.origin}/data/$metadata#{address}", "value": value})
