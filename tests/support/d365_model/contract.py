"""What the model must share with Casebridge's default mapping and with the sandbox's `$metadata`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from pydantic import TypeAdapter

from case_shared.d365.mapping import Mapping
from case_shared.words.events import ContactEmail, ContactName, ContactPhone, PersonName
from tests.support.d365_model.files import Element, Model, text
from tests.support.d365_model.names import data_sources

COMPANY = "dataAreaId"
_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_STANDARD_SETS = {"CaseCategoryHierarchyDetails", "CustomersV3"}
_UUID_LENGTH = 36
Lengths = dict[str, dict[str, int]]


@dataclass(frozen=True)
class PublicEntity:
    """An entity as OData shows it; the company is part of its key, although no file says so."""

    type_name: str
    keys: frozenset[str]
    fields: frozenset[str]


def public_entities(model: Model) -> dict[str, PublicEntity]:
    """The model's entities by their entity set."""
    return {text(root, "PublicCollectionName"): _public(root) for root in model.of("AxDataEntityView").values()}


def has_the_names_of_the_mapping(model: Model, mapping: Mapping) -> Iterator[str]:
    """Each set and field of the default mapping belongs to an entity, or the set is Microsoft's."""
    entities = public_entities(model)
    queue = mapping.document_queue.entity_set or "DocumentQueueLogs"
    for name, fields in {
        mapping.case.entity_set: mapping.case.fields,
        mapping.priorities.entity_set: mapping.priorities.fields,
        queue: mapping.document_queue.fields,
    }.items():
        there = entities[name].fields if name in entities else frozenset()
        yield from (
            f"{name}: the mapping's {field} is missing" for field in fields.by_ours().values() if field not in there
        )
    for name in {mapping.categories.entity_set, mapping.customers.entity_set} - _STANDARD_SETS:
        yield f"{name} is no set of Microsoft's"


def says_what_metadata_says(model: Model, metadata: bytes) -> Iterator[str]:
    """The sandbox serves the same sets, types, keys and fields."""
    served = _served(metadata)
    for name, entity in public_entities(model).items():
        if served.get(name) != entity:
            yield f"{name}: the model has {entity}, $metadata {served.get(name)}"


def says_what_public_entities_say(model: Model, rows: list[dict[str, Any]]) -> Iterator[str]:
    """The sandbox's metadata service names the same sets, types, keys and fields, and when each can be written."""
    served = {
        row["EntitySetName"]: (
            _listed(row), _unless(row["Properties"], "AllowEditOnCreate"), _unless(row["Properties"], "AllowEdit"),
        )
        for row in rows
    }  # fmt: skip
    for root in model.of("AxDataEntityView").values():
        name, entity = text(root, "PublicCollectionName"), _public(root)
        ours = entity, _refuses(root, "AllowEditOnCreate"), _refuses(root, "AllowEdit") | entity.keys
        if served.get(name) != ours:
            yield f"{name}: the model has {ours}, PublicEntities {served.get(name)}"


def tells_events_that_are_expected(model: Model, mapping: Mapping) -> Iterator[str]:
    """Casebridge expects the event's ID (its class name), and the event names the case like the mapping."""
    for name, root in model.of("AxClass").items():
        declaration = text(root, "SourceCode/Declaration")
        if "extends BusinessEventsBase" in declaration and name not in mapping.events.business_event_ids:
            yield f"{name} is no business event that the mapping expects"
        if "extends BusinessEventsContract" in declaration:
            sources = " ".join(text(method, "Source") for method in root.iterfind("SourceCode/Methods/Method"))
            members = re.findall(r"DataMember\('(\w+)'\)", sources)
            fields = mapping.case.fields
            wanted = [fields.case_id, fields.web_case_id, fields.customer_account, fields.status]
            if members != wanted:
                yield f"{name} has {members}, not {wanted}"


def has_the_lengths_of_the_portal(model: Model, mapping: Mapping) -> Iterator[str]:
    """The model's own fields are as long as the portal permits, so that nothing is cut."""
    longest: dict[str, int] = {
        mapping.case.fields.submission_id: _UUID_LENGTH,
        mapping.case.fields.contact_name: _longest(ContactName),
        mapping.case.fields.contact_email: _longest(ContactEmail),
        mapping.case.fields.contact_phone: _longest(ContactPhone),
        mapping.case.fields.created_by: _longest(PersonName),
    }
    lengths = field_lengths(model)[mapping.case.entity_set]
    for field, length in longest.items():
        if lengths.get(field) != length:
            yield f"{mapping.case.entity_set}.{field} takes {lengths.get(field)} characters, the portal {length}"


def has_the_lengths_of_the_sandbox(model: Model, served: Lengths) -> Iterator[str]:
    """The sandbox keeps as much as the model's own fields."""
    for name, lengths in field_lengths(model).items():
        for field, length in lengths.items():
            if served[name].get(field) != length:
                yield f"{name}.{field} takes {length} characters in the model, {served[name].get(field)} in the sandbox"


def demands_what_the_sandbox_demands(model: Model, served: dict[str, set[str]]) -> Iterator[str]:
    """The same fields are mandatory, except keys."""
    for root in model.of("AxDataEntityView").values():
        name, keys = text(root, "PublicCollectionName"), _public(root).keys
        fields = root.iterfind("Fields/AxDataEntityViewField")
        demanded = {text(field, "Name") for field in fields if text(field, "Mandatory") == "Yes"} - keys
        if demanded != served[name] - keys:
            yield f"{name}: {sorted(demanded)} are mandatory, in the sandbox {sorted(served[name] - keys)}"


def field_lengths(model: Model) -> Lengths:
    """The length in characters of fields in the model's own tables, by set and field; Microsoft's are unknown."""
    return {text(root, "PublicCollectionName"): _lengths(model, root) for root in model.of("AxDataEntityView").values()}


def _lengths(model: Model, entity: Element) -> dict[str, int]:
    tables = {source: text(node, "Table") for source, node in data_sources(entity).items()}
    own = model.of("AxTable")
    edts = {name: int(size) for name, root in model.of("AxEdt").items() if (size := text(root, "StringSize"))}
    found = {}
    for field in entity.iterfind("Fields/AxDataEntityViewField"):
        table = own.get(tables[text(field, "DataSource")])
        for column in [] if table is None else table.iterfind("Fields/AxTableField"):
            if text(column, "Name") == text(field, "DataField") and text(column, "ExtendedDataType") in edts:
                found[text(field, "Name")] = edts[text(column, "ExtendedDataType")]
    return found


def _public(root: Element) -> PublicEntity:
    per_company = {COMPANY} if text(root, "PrimaryCompanyContext") else set()
    keys = {
        str(node.text) for node in root.iterfind("Keys/AxDataEntityViewKey/Fields/AxDataEntityViewKeyField/DataField")
    }
    fields = {text(field, "Name") for field in root.iterfind("Fields/AxDataEntityViewField")}
    return PublicEntity(text(root, "PublicEntityName"), frozenset(keys | per_company), frozenset(fields | per_company))


def _refuses(root: Element, flag: str) -> set[str]:
    fields = root.iterfind("Fields/AxDataEntityViewField")
    return {text(field, "Name") for field in fields if text(field, flag) == "No"}


def _listed(row: dict[str, Any]) -> PublicEntity:
    keys = frozenset(each["Name"] for each in row["Properties"] if each["IsKey"])
    return PublicEntity(row["Name"], keys, frozenset(each["Name"] for each in row["Properties"]))


def _unless(properties: list[dict[str, Any]], flag: str) -> set[str]:
    return {each["Name"] for each in properties if not each[flag]}


def _served(metadata: bytes) -> dict[str, PublicEntity]:
    root = ElementTree.fromstring(metadata)
    types = {str(node.get("Name")): node for node in root.iter(f"{_EDM}EntityType")}
    sets = {
        str(node.get("Name")): str(node.get("EntityType")).rpartition(".")[2] for node in root.iter(f"{_EDM}EntitySet")
    }
    return {name: _type(type_name, types[type_name]) for name, type_name in sets.items() if type_name in types}


def _type(name: str, node: Element) -> PublicEntity:
    keys = frozenset(str(key.get("Name")) for key in node.iterfind(f"{_EDM}Key/{_EDM}PropertyRef"))
    return PublicEntity(name, keys, frozenset(str(field.get("Name")) for field in node.iterfind(f"{_EDM}Property")))


def _longest(kind: Any) -> int:
    return int(TypeAdapter(kind).json_schema()["maxLength"])
