"""`$metadata` and the service document, made from the same catalogue that serves the data."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from d365_sandbox.entities import ENUMS, EntitySet, Field
from d365_sandbox.odata_errors import NAMESPACE, JsonObject

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"


def build_metadata(entities: Iterable[EntitySet]) -> bytes:
    """The EDMX document of what the sandbox serves."""
    root = Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": EDMX})
    schema = SubElement(SubElement(root, "edmx:DataServices"), "Schema", {"Namespace": NAMESPACE, "xmlns": EDM})
    for name, symbols in ENUMS.items():
        enum = SubElement(schema, "EnumType", {"Name": name})
        for value, symbol in enumerate(symbols):
            SubElement(enum, "Member", {"Name": symbol, "Value": str(value)})
    container = Element("EntityContainer", {"Name": "Resources"})
    for entity in entities:
        _add_type(schema, entity)
        SubElement(container, "EntitySet", {"Name": entity.name, "EntityType": f"{NAMESPACE}.{entity.type_name}"})
    schema.append(container)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _add_type(schema: Element, entity: EntitySet) -> None:
    element = SubElement(schema, "EntityType", {"Name": entity.type_name})
    key = SubElement(element, "Key")
    for name in entity.keys:
        SubElement(key, "PropertyRef", {"Name": name})
    for field in entity.fields:
        SubElement(element, "Property", _property(field, is_key=field.name in entity.keys))


def _property(field: Field, *, is_key: bool) -> dict[str, str]:
    attributes = {"Name": field.name, "Type": field.edm_type}
    return attributes | ({"Nullable": "false"} if is_key else {})


def build_service_document(entities: Iterable[EntitySet], origin: str) -> JsonObject:
    """The list of entity sets at `/data`."""
    value = [{"name": entity.name, "kind": "EntitySet", "url": entity.name} for entity in entities]
    return {"@odata.context": f"{origin}/data/$metadata", "value": value}
