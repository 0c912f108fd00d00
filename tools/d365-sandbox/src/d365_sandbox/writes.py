"""POST, PATCH, PUT and DELETE, each as one operation on the data file, so that a changeset can combine several."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from d365_sandbox import records
from d365_sandbox.cases import Books
from d365_sandbox.data_request import DataRequest, read_json
from d365_sandbox.entities import EntitySet, etag
from d365_sandbox.odata_errors import Answer, MethodNotAllowed, not_found
from d365_sandbox.odata_query import Key, Resource, parse_options
from d365_sandbox.privileges import Privileges
from d365_sandbox.records import Values

Write = Callable[[sqlite3.Connection], Answer]


@dataclass(frozen=True, slots=True)
class Writer:
    """Turns a request into a write."""

    books: Books

    def prepare(self, request: DataRequest, resource: Resource) -> Write:
        """The write, which may itself raise `ODataError`; raises it at once for a wrong address or body."""
        entity, key = resource.entity, resource.key
        if resource.is_whole_set and request.method == "POST":
            self._privileges.check(request.method, entity)
            return self._create(request, entity)
        if key is None or not resource.is_record or request.method not in ("PATCH", "PUT", "DELETE"):
            raise MethodNotAllowed(request.method)
        self._privileges.check(request.method, entity)
        self._refuse_hidden(request, entity, key)
        return self._remove(request, entity, key) if request.method == "DELETE" else self._change(request, entity, key)

    @property
    def _privileges(self) -> Privileges:
        return Privileges(self.books.environment.setup)

    def _refuse_hidden(self, request: DataRequest, entity: EntitySet, key: Key) -> None:
        """Without `cross-company=true`, a record of another company does not exist."""
        crosses = parse_options(request.query_string).get("cross-company", "").lower() == "true"
        self._privileges.check_company(key["dataAreaId"])
        if not crosses and str(key["dataAreaId"]).lower() != self.books.environment.setup.default_company.lower():
            raise not_found(entity.type_name)

    def _create(self, request: DataRequest, entity: EntitySet) -> Write:
        values = records.to_values(entity, read_json(request))
        self._privileges.check_company(values.get("dataAreaId") or self.books.environment.setup.default_company)

        def write(connection: sqlite3.Connection) -> Answer:
            row = self.books.create(connection, entity, values, self.books.environment.now())
            record = records.to_record(entity, row)
            context = {"@odata.context": f"{request.origin}/data/$metadata#{entity.name}/$entity"}
            headers = {"Location": location(request.origin, entity, record), "ETag": record["@odata.etag"]}
            return Answer(201, context | record, headers=headers)

        return write

    def _change(self, request: DataRequest, entity: EntitySet, key: Key) -> Write:
        values = records.to_values(entity, read_json(request))
        if request.method == "PUT":
            values = _emptied(entity) | values
        if_match = request.headers.get("If-Match")

        def write(connection: sqlite3.Connection) -> Answer:
            row = self.books.change(connection, entity, key, values, if_match, self.books.environment.now())
            return Answer(204, headers={"ETag": etag(row["rec_version"], row["rec_id"])})

        return write

    def _remove(self, request: DataRequest, entity: EntitySet, key: Key) -> Write:
        if_match = request.headers.get("If-Match")

        def write(connection: sqlite3.Connection) -> Answer:
            self.books.remove(connection, entity, key, if_match)
            return Answer(204)

        return write


def _emptied(entity: EntitySet) -> Values:
    """PUT replaces: it empties what it leaves out, except keys and fields that cannot change."""
    return {
        field.name: field.empty
        for field in entity.public
        if field.name not in entity.keys and not field.computed and field.editable
    }


def location(origin: str, entity: EntitySet, record: Mapping[str, Any]) -> str:
    """The address of a record."""
    key = ",".join(f"{name}={_key_literal(entity, name, record[name])}" for name in entity.keys)
    return f"{origin}/data/{entity.name}({key})"


def _key_literal(entity: EntitySet, name: str, value: str) -> str:
    field = entity.field(name)
    prefix = field.edm_type if field.enum else ""
    return prefix + "'" + quote(value.replace("'", "''"), safe="") + "'"
