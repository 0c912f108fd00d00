"""The OData side: one request in, one `Answer` out. Knows nothing about faults or HTTP connections."""

import sqlite3
from dataclasses import dataclass, replace
from urllib.parse import unquote

from d365_sandbox import records
from d365_sandbox.batch import Batch
from d365_sandbox.cases import Books
from d365_sandbox.data_request import DataRequest
from d365_sandbox.entities import EntitySet
from d365_sandbox.entra.tokens import Tokens
from d365_sandbox.environment import Environment
from d365_sandbox.int64 import written_for
from d365_sandbox.metadata import build_metadata, build_service_document
from d365_sandbox.metadata_service import MetadataService
from d365_sandbox.navigation import find_navigation
from d365_sandbox.odata_errors import Answer, JsonObject, ODataError, not_found
from d365_sandbox.odata_query import Key, Query, Resource, parse_query, parse_resource
from d365_sandbox.odata_sql import Where, join
from d365_sandbox.paging import next_link, page_size
from d365_sandbox.privileges import Privileges
from d365_sandbox.record_parts import RecordParts, property_answer, related
from d365_sandbox.store import Store
from d365_sandbox.system_api import system_answer
from d365_sandbox.system_sets import SYSTEM_SETS
from d365_sandbox.writes import Write, Writer

BATCH = "/data/$batch"
SIGN_IN_PAGE = (
    "<!DOCTYPE html><html><head><title>Sign in to your account</title></head>"
    "<body><form action='https://login.microsoftonline.com/common/login' method='post'></form></body></html>"
)


@dataclass(frozen=True, slots=True)
class DataApi:
    """Answers `/data/...` as F&O does."""

    store: Store
    books: Books
    writer: Writer
    parts: RecordParts
    tokens: Tokens
    max_query_bytes: int

    @property
    def environment(self) -> Environment:
        """The environment, whose set-up may change between two requests."""
        return self.books.environment

    @property
    def privileges(self) -> Privileges:
        """What the service user may do now."""
        return Privileges(self.environment.setup)

    async def answer(self, request: DataRequest) -> Answer:
        """The answer to a request; refusals are answers too."""
        if len(request.raw_path) + len(request.query_string) > self.max_query_bytes:
            return Answer(404, text="<html><body><h2>404.15 - Query string too long</h2></body></html>")
        if self.environment.setup.sign_in_page:
            return Answer(200, text=SIGN_IN_PAGE)
        is_known = self.tokens.accepts(request.headers.get("Authorization", ""), request.origin)
        if not is_known or not self.environment.setup.registered:
            return Answer(401, headers={"WWW-Authenticate": "Bearer"})
        return await self._outcome(request)

    async def _outcome(self, request: DataRequest) -> Answer:
        try:
            return written_for(request.headers.get("Accept", ""), await self._dispatch(request))
        except ODataError as error:
            return error.answer()
        except sqlite3.Error as error:
            return ODataError(500, f"The database refused: {error}", type(error).__name__).answer()

    async def _dispatch(self, request: DataRequest) -> Answer:
        path = unquote(request.raw_path.rstrip("/"))
        entities = tuple(self.books.catalog.values())
        if path.lower().startswith("/metadata"):
            return MetadataService(entities, tuple(SYSTEM_SETS.values())).answer(request)
        if path == "/data":
            return Answer(200, build_service_document(entities, request.origin))
        if path == "/data/$metadata":
            return Answer(200, text=build_metadata(entities).decode(), content_type="application/xml")
        if path == BATCH:
            return await Batch(self.store, self._outcome, self._prepare).answer(request)
        if path.removeprefix("/data/").partition("/")[0] in SYSTEM_SETS:
            return system_answer(request, path, entities)
        if request.method == "GET":
            return self._read(request, parse_resource(request.raw_path.rstrip("/"), self.books.catalog))
        return await self.store.submit(self._prepare(request))

    def _prepare(self, request: DataRequest) -> Write:
        return self.writer.prepare(request, parse_resource(request.raw_path.rstrip("/"), self.books.catalog))

    def _read(self, request: DataRequest, resource: Resource) -> Answer:
        self.privileges.check(request.method, resource.entity)
        if resource.key is not None and resource.segments:
            return self._part(request, resource.entity, resource.key, resource.segments)
        query = parse_query(request.query_string, resource.entity, self.environment.setup)
        for expansion in query.expand:
            self.privileges.check(request.method, self.books.catalog[expansion.navigation.target])
        if resource.key is not None:
            return self._one(request, resource.entity, self._row(resource.entity, resource.key, query), query)
        where = records.visible(query, self.environment.setup)
        if resource.count_only:
            return self._count(resource.entity, where)
        return self._page(request, resource.entity, query, where)

    def _count(self, entity: EntitySet, where: Where) -> Answer:
        return Answer(200, text=str(records.count(self.store, entity, where)), content_type="text/plain")

    def _row(self, entity: EntitySet, key: Key, query: Query) -> sqlite3.Row:
        where = join("AND", [records.key_condition(entity, key), records.visible(query, self.environment.setup)])
        rows = records.select_page(self.store, entity, where, query, 1)
        if not rows:
            raise not_found(entity.type_name)
        return rows[0]

    def _one(self, request: DataRequest, entity: EntitySet, row: sqlite3.Row, query: Query) -> Answer:
        context = {"@odata.context": f"{request.origin}/data/$metadata#{entity.name}/$entity"}
        record = self.parts.expanded(entity, row, query)
        return Answer(200, context | record, headers={"ETag": record["@odata.etag"]})

    def _part(self, request: DataRequest, entity: EntitySet, key: Key, segments: tuple[str, ...]) -> Answer:
        navigation = find_navigation(entity, segments[0]) if segments[1:] in ((), ("$count",)) else None
        target = self.books.catalog[navigation.target] if navigation else entity
        self.privileges.check(request.method, target)
        query = parse_query(request.query_string, target, self.environment.setup)
        row = self._row(entity, key, replace(query, where=Where("TRUE"), order=(), skip=0))
        if navigation is None:
            return property_answer(request, entity, row, segments)
        where = join("AND", [related(navigation, row), query.where])
        if navigation.many:
            is_count = segments[1:] == ("$count",)
            return self._count(target, where) if is_count else self._page(request, target, query, where)
        found = records.select_page(self.store, target, where, query, 1)
        return self._one(request, target, found[0], query) if found else Answer(204)

    def _page(self, request: DataRequest, entity: EntitySet, query: Query, where: Where) -> Answer:
        page = page_size(request.headers, self.environment.setup.max_page_size)
        size = page.limit if query.top is None else min(query.top, page.limit)
        rows = records.select_page(self.store, entity, where, query, size + 1)
        body: JsonObject = {"@odata.context": _context(request.origin, entity, query)}
        if query.count:
            body["@odata.count"] = records.count(self.store, entity, where)
        body["value"] = [self.parts.expanded(entity, row, query) for row in rows[:size]]
        if size == page.limit and len(rows) > size:
            body["@odata.nextLink"] = next_link(f"{request.origin}{request.raw_path}", query, size)
        return Answer(200, body, headers={"Preference-Applied": ""} if page.is_preferred else {})


def _context(origin: str, entity: EntitySet, query: Query) -> str:
    chosen = f"({','.join(query.select)})" if query.select != entity.public_names else ""
    return f"{origin}/data/$metadata#{entity.name}{chosen}"
