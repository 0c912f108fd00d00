"""The address of an OData request: entity set, key and query options."""

import re
from dataclasses import dataclass
from typing import Literal as OneOf
from urllib.parse import parse_qsl, unquote

from d365_sandbox.entities import EntitySet, to_stored
from d365_sandbox.navigation import Expansion, find_navigation, parse_expand
from d365_sandbox.odata_errors import EntitySetNotFound, ODataError, invalid_query
from d365_sandbox.odata_filter import parse_filter
from d365_sandbox.odata_limits import check_limits
from d365_sandbox.odata_sql import Where, to_sql
from d365_sandbox.odata_tree import EnumLiteral
from d365_sandbox.setup import Setup

OPTIONS = ("$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count", "$format")
KEY_PART = re.compile(r"\s*(\w+)\s*=\s*(?:([A-Za-z_][\w.]*)?'((?:[^']|'')*)')\s*(?:,|$)")
RESOURCE = re.compile(r"^(?P<set>\w+)(?:\((?P<key>(?:'(?:[^']|'')*'|[^')])*)\))?(?P<rest>(?:/[\w$]+)*)$", re.DOTALL)

Key = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path below `/data/` names: a set, one record of it by key, and a part of that (`segments`)."""

    entity: EntitySet
    key: Key | None
    segments: tuple[str, ...] = ()

    @property
    def count_only(self) -> bool:
        """Whether only the number of records is requested."""
        return self.key is None and self.segments == ("$count",)

    @property
    def is_whole_set(self) -> bool:
        """Whether the set itself is named."""
        return self.key is None and not self.segments

    @property
    def is_record(self) -> bool:
        """Whether one whole record is named."""
        return self.key is not None and not self.segments


@dataclass(frozen=True, slots=True)
class Query:
    """The query options of a read."""

    where: Where
    select: tuple[str, ...]
    order: tuple[tuple[str, OneOf["ASC", "DESC"]], ...]
    top: int | None
    skip: int
    count: bool
    cross_company: bool
    expand: tuple[Expansion, ...]
    options: dict[str, str]


def parse_resource(raw_path: str, catalog: dict[str, EntitySet]) -> Resource:
    """The resource of a raw path; set names are case-sensitive. Raises `ODataError` 404 or 400."""
    match = RESOURCE.match(unquote(raw_path.removeprefix("/data/")))
    if match is None or match["set"] not in catalog:
        raise EntitySetNotFound(raw_path)
    entity = catalog[match["set"]]
    key = parse_key(match["key"], entity) if match["key"] is not None else None
    segments = tuple(match["rest"].split("/")[1:])
    if key is None and segments not in ((), ("$count",)):
        raise EntitySetNotFound(raw_path)
    return Resource(entity, key, segments)


def parse_key(text: str, entity: EntitySet) -> Key:
    """`dataAreaId='usmf',CaseId='X'`: every key field must be given, and no other."""
    key: Key = {}
    position = 0
    while position < len(text):
        part = KEY_PART.match(text, position)
        if part is None:
            raise ODataError(400, f"Bad key '{text}': write Field='value', with every key field.")
        key[part[1]] = _key_value(entity, part[1], part[2], part[3].replace("''", "'"))
        position = part.end()
    if set(key) != set(entity.keys):
        raise ODataError(400, f"The key must have exactly the fields {', '.join(entity.keys)}.")
    return key


def _key_value(entity: EntitySet, name: str, type_name: str | None, value: str) -> str | int:
    field = entity.field(name)
    if (type_name or "") != (field.edm_type if field.enum else ""):
        literal = EnumLiteral(field.edm_type, value)
        raise ODataError(400, f"The key field '{name}' takes {literal.type_name}, as in {name}={field.edm_type}'…'.")
    return to_stored(entity, name, value)


def parse_options(query_string: str) -> dict[str, str]:
    """The query options by name; raises `ODataError` 400 for duplicate or unsupported system options."""
    options: dict[str, str] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        if name in options:
            raise invalid_query(f"Query option '{name}' was specified more than once.")
        if name.startswith("$") and name not in OPTIONS:
            raise invalid_query(f"The query option '{name}' is not supported.")
        options[name] = value
    if options.get("$format", "json").partition(";")[0] not in ("json", "application/json"):
        raise ODataError(406, f"The format '{options['$format']}' is not supported: ask for json.")
    return options


def parse_query(query_string: str, entity: EntitySet, setup: Setup) -> Query:
    """The options of a read, checked against the entity and D365's limits; raises `ODataError` 400."""
    options = parse_options(query_string)
    return Query(
        where=_where(options["$filter"], entity, setup) if "$filter" in options else Where("TRUE"),
        select=_select(options.get("$select", ""), entity),
        order=tuple(_order(part, entity) for part in options.get("$orderby", "").split(",") if part.strip()),
        top=_whole("$top", options["$top"]) if "$top" in options else None,
        skip=_whole("$skip", options.get("$skip", "0")),
        count=_flag("$count", options),
        cross_company=_flag("cross-company", options),
        expand=parse_expand(options.get("$expand", ""), entity),
        options=options,
    )


def _where(text: str, entity: EntitySet, setup: Setup) -> Where:
    condition = parse_filter(text)
    check_limits(condition, entity, setup)
    return to_sql(condition, entity)


def _select(text: str, entity: EntitySet) -> tuple[str, ...]:
    """The names of `$select`; only `$expand` shows a navigation property in it."""
    wanted = [part.strip() for part in text.split(",") if part.strip() not in ("", "*")]
    names = tuple(entity.queried(name).name for name in wanted if find_navigation(entity, name) is None)
    return names or entity.public_names


def _order(text: str, entity: EntitySet) -> tuple[str, OneOf["ASC", "DESC"]]:
    name, *direction = text.split()
    if direction not in ([], ["asc"], ["desc"]):
        raise invalid_query(f"'$orderby' takes a property with asc or desc, not '{text.strip()}'.")
    return entity.queried(name).name, "DESC" if direction == ["desc"] else "ASC"


def _whole(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise invalid_query(f"Invalid value '{text}' for {name}: a whole number is needed.")
    return int(text)


def _flag(name: str, options: dict[str, str]) -> bool:
    value = options.get(name, "false").lower()
    if value not in ("true", "false"):
        raise invalid_query(f"Invalid value '{value}' for {name}: true or false is needed.")
    return value == "true"
