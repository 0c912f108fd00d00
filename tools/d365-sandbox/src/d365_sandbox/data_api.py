"""The OData side: one request in, one `Answer` out. Knows nothing of faults or of HTTP connections."""

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from d365_sandbox import records
from d365_sandbox.cases import Books
from d365_sandbox.entities import EntitySet, etag
from d365_sandbox.metadata import build_metadata, build_service_document
from d365_sandbox.odata_errors import Answer, JsonObject, ODataError, not_found
from d365_sandbox.odata_query import Key, Query, Resource, parse_options, parse_query, parse_resource
from d365_sandbox.odata_sql import Where, join
from d365_sandbox.store import Store
from d365_sandbox.tokens import Tokens

BATCH = "/data/$batch"


@dataclass(frozen=True, slots=True)
class DataRequest:
    """What the OData side needs of an HTTP request; `origin` is `scheme://host`."""

    method: str
    raw_path: str
    query_string: str
    origin: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class DataApi:
    """Answers `/data/...` as F&O does."""

    store: Store
    books: Books
    tokens: Tokens
    max_page_size: int
    max_query_bytes: int

    async def answer(self, request: DataRequest) -> Answer:
        """The answer to a request; refusals are answers too."""
        if len(request.raw_path) + len(request.query_string) > self.max_query_bytes:
            return Answer(404, text="<html><body><h2>404.15 - Query string too long</h2></body></html>")
        if not self.tokens.accepts(request.headers.get("Authorization", ""), request.origin):
            return Answer(401, headers={"WWW-Authenticate": "Bearer"})
        try:
            return await self._dispatch(request)
        except ODataError as error:
            return error.answer()
        except sqlite3.Error as error:
            return ODataError(500, f"The database refused: {error}", type(error).__name__).answer()

    async def _dispatch(self, request: DataRequest) -> Answer:
        path = request.raw_path.rstrip("/")
        if path == "/data":
            return Answer(200, build_service_document(self.books.catalogue.values(), request.origin))
        if path == "/data/$metadata":
            document = build_metadata(self.books.catalogue.values()).decode()
            return Answer(200, text=document, content_type="application/xml")
        if path == BATCH:
            raise ODataError(501, "The sandbox has no $batch.")
        resource = parse_resource(path, self.books.catalogue)
        if request.method == "GET":
            return self._read(request, resource)
        return await self._write(request, resource)

    def _read(self, request: DataRequest, resource: Resource) -> Answer:
        query = parse_query(request.query_string, resource.entity)
        if resource.key is not None:
            return self._one(request, resource.entity, resource.key, query)
        where = records.visible(query, self.books.default_company)
        if resource.count_only:
            total = records.count(self.store, resource.entity, where)
            return Answer(200, text=str(total), content_type="text/plain")
        return self._page(request, resource.entity, query, where)

    def _one(self, request: DataRequest, entity: EntitySet, key: Key, query: Query) -> Answer:
        where = join("AND", [records.key_condition(entity, key), records.visible(query, self.books.default_company)])
        rows = records.select_page(self.store, entity, where, query, 1)
        if not rows:
            raise not_found(entity.type_name)
        context = {"@odata.context": f"{request.origin}/data/$metadata#{entity.name}/$entity"}
        return Answer(200, context | records.to_record(entity, rows[0], query.select))

    def _page(self, request: DataRequest, entity: EntitySet, query: Query, where: Where) -> Answer:
        size = self.max_page_size if query.top is None else min(query.top, self.max_page_size)
        more_wanted = query.top is None or query.top > size
        rows = records.select_page(self.store, entity, where, query, size + 1)
        body: JsonObject = {"@odata.context": _context(request.origin, entity, query)}
        if query.count:
            body["@odata.count"] = records.count(self.store, entity, where)
        body["value"] = [records.to_record(entity, row, query.select) for row in rows[:size]]
        if more_wanted and len(rows) > size:
            body["@odata.nextLink"] = _next_link(request, query, size)
        return Answer(200, body)

    async def _write(self, request: DataRequest, resource: Resource) -> Answer:
        entity, key = resource.entity, resource.key
        if request.method == "POST" and key is None:
            return await self._create(request, entity)
        if request.method in ("PATCH", "DELETE") and key is not None:
            self._refuse_hidden(request, entity, key)
            if request.method == "PATCH":
                return await self._change(request, entity, key)
            return await self._remove(request, entity, key)
        return Answer(405, {"Message": f"The requested resource does not support http method '{request.method}'."})

    def _refuse_hidden(self, request: DataRequest, entity: EntitySet, key: Key) -> None:
        """Without `cross-company=true` a record of another company is not there."""
        crosses = parse_options(request.query_string).get("cross-company", "").lower() == "true"
        if not crosses and str(key["dataAreaId"]).lower() != self.books.default_company.lower():
            raise not_found(entity.type_name)

    async def _create(self, request: DataRequest, entity: EntitySet) -> Answer:
        values = records.to_values(entity, read_json(request))
        row = await self.store.submit(lambda connection: self.books.create(connection, entity, values, time.time()))
        record = records.to_record(entity, row)
        context = {"@odata.context": f"{request.origin}/data/$metadata#{entity.name}/$entity"}
        return Answer(201, context | record, headers={"Location": _location(request.origin, entity, record)})

    async def _change(self, request: DataRequest, entity: EntitySet, key: Key) -> Answer:
        values = records.to_values(entity, read_json(request))
        if_match = request.headers.get("If-Match")
        row = await self.store.submit(
            lambda connection: self.books.change(connection, entity, key, values, if_match, time.time())
        )
        return Answer(204, headers={"ETag": etag(row["rec_version"], row["rec_id"])})

    async def _remove(self, request: DataRequest, entity: EntitySet, key: Key) -> Answer:
        if_match = request.headers.get("If-Match")
        await self.store.submit(lambda connection: self.books.remove(connection, entity, key, if_match))
        return Answer(204)


def read_json(request: DataRequest) -> dict[str, Any]:
    """The body of a write; raises `ODataError` 415 or 400 for what is not a JSON object."""
    content_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise ODataError(415, f"The content type '{content_type}' is not supported: send application/json.")
    try:
        body = json.loads(request.body)
    except ValueError as error:
        raise ODataError(400, f"The request body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise ODataError(400, "The request body is not a JSON object.")
    return body


def _context(origin: str, entity: EntitySet, query: Query) -> str:
    chosen = f"({','.join(query.select)})" if query.select != entity.names else ""
    return f"{origin}/data/$metadata#{entity.name}{chosen}"


def _next_link(request: DataRequest, query: Query, size: int) -> str:
    """Skip-based as captured, so no snapshot: what is inserted meanwhile shifts the pages."""
    options = dict(query.options)
    options["$skip"] = str(query.skip + size)
    if query.top is not None:
        options["$top"] = str(query.top - size)
    return f"{request.origin}{request.raw_path}?{urlencode(options, safe='$,', quote_via=quote)}"


def _location(origin: str, entity: EntitySet, record: Mapping[str, Any]) -> str:
    key = ",".join(f"{name}={_key_literal(entity, name, record[name])}" for name in entity.keys)
    return f"{origin}/data/{entity.name}({key})"


def _key_literal(entity: EntitySet, name: str, value: str) -> str:
    field = entity.field(name)
    prefix = field.edm_type if field.enum else ""
    return prefix + "'" + quote(value.replace("'", "''"), safe="") + "'"
