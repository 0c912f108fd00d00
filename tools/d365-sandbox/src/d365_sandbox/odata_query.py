"""The address of an OData request: entity set, key and query options."""

import re
from dataclasses import dataclass
from typing import Literal as OneOf
from urllib.parse import parse_qsl, unquote

from d365_sandbox.entities import EntitySet, to_stored
from d365_sandbox.odata_errors import EntitySetNotFound, ODataError, invalid_query
from d365_sandbox.odata_filter import EnumLiteral, parse_filter
from d365_sandbox.odata_sql import Where, to_sql

OPTIONS = ("$filter", "$select", "$orderby", "$top", "$skip", "$count")
KEY_PART = re.compile(r"\s*(\w+)\s*=\s*(?:([A-Za-z_][\w.]*)?'((?:[^']|'')*)')\s*(?:,|$)")
RESOURCE = re.compile(r"^(?P<set>\w+)(?:\((?P<key>.*)\))?(?P<count>/\$count)?$", re.DOTALL)

Key = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path below `/data/` names: a set, one record of it by key, or its `$count`."""

    entity: EntitySet
    key: Key | None
    count_only: bool


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
    options: dict[str, str]


def parse_resource(raw_path: str, catalogue: dict[str, EntitySet]) -> Resource:
    """The resource of a raw path; set names are case-sensitive. Raises `ODataError` 404 or 400."""
    match = RESOURCE.match(unquote(raw_path.removeprefix("/data/")))
    if match is None or match["set"] not in catalogue:
        raise EntitySetNotFound(raw_path)
    entity = catalogue[match["set"]]
    key = parse_key(match["key"], entity) if match["key"] is not None else None
    return Resource(entity, key, bool(match["count"]))


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
    """The query options by name; raises `ODataError` 400 for doubled or unsupported system options."""
    options: dict[str, str] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        if name in options:
            raise invalid_query(f"Query option '{name}' was specified more than once.")
        if name.startswith("$") and name not in OPTIONS:
            raise invalid_query(f"The query option '{name}' is not supported.")
        options[name] = value
    return options


def parse_query(query_string: str, entity: EntitySet) -> Query:
    """The options of a read, checked against the entity; raises `ODataError` 400."""
    options = parse_options(query_string)
    return Query(
        where=to_sql(parse_filter(options["$filter"]), entity) if "$filter" in options else Where("TRUE"),
        select=_select(options.get("$select", ""), entity),
        order=tuple(_order(part, entity) for part in options.get("$orderby", "").split(",") if part.strip()),
        top=_whole("$top", options["$top"]) if "$top" in options else None,
        skip=_whole("$skip", options.get("$skip", "0")),
        count=_flag("$count", options),
        cross_company=_flag("cross-company", options),
        options=options,
    )


def _select(text: str, entity: EntitySet) -> tuple[str, ...]:
    names = tuple(entity.field(part.strip()).name for part in text.split(",") if part.strip() not in ("", "*"))
    return names or entity.names


def _order(text: str, entity: EntitySet) -> tuple[str, OneOf["ASC", "DESC"]]:
    name, *direction = text.split()
    if direction not in ([], ["asc"], ["desc"]):
        raise invalid_query(f"'$orderby' takes a property with asc or desc, not '{text.strip()}'.")
    return entity.field(name).name, "DESC" if direction == ["desc"] else "ASC"


def _whole(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise invalid_query(f"Invalid value '{text}' for {name}: a whole number is needed.")
    return int(text)


def _flag(name: str, options: dict[str, str]) -> bool:
    value = options.get(name, "false").lower()
    if value not in ("true", "false"):
        raise invalid_query(f"Invalid value '{value}' for {name}: true or false is needed.")
    return value == "true"
