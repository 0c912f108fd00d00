"""`$metadata` and the service document, made from the same catalog that serves the data.

The annotations are those that F&O writes: `LabelId`, `AXType`, and `AllowEdit`, `AllowEditOnCreate`, `IsRequired` where
they differ from the default.
"""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from d365_sandbox.entities import EntitySet, Field, Kind
from d365_sandbox.labels import label_id
from d365_sandbox.navigation import Navigation, navigations_of
from d365_sandbox.odata_errors import NAMESPACE, JsonObject
from d365_sandbox.system_sets import SYSTEM_SETS, Action, actions_of

EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
EDM = "http://docs.oasis-open.org/odata/ns/edm"
TERMS = "Microsoft.Dynamics.OData.Core.V1"
DATA_TYPES = {Kind.STRING: "String", Kind.DATETIME: "UtcDateTime", Kind.REC_ID: "Int64", Kind.ENUM: "Enum"}


def build_metadata(entities: Iterable[EntitySet]) -> bytes:
    """The EDMX document of what the sandbox serves."""
    served = (*entities, *SYSTEM_SETS.values())
    types = {entity.name: entity.type_name for entity in served}
    root = Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": EDMX})
    schema = SubElement(SubElement(root, "edmx:DataServices"), "Schema", {"Namespace": NAMESPACE, "xmlns": EDM})
    for name, symbols in enumerations(served).items():
        _add_enumeration(schema, name, symbols)
    container = Element("EntityContainer", {"Name": "Resources"})
    for entity in served:
        _add_type(schema, entity, types)
        _add_set(container, entity)
    for entity in served:
        for action in actions_of(entity):
            _add_action(schema, action, entity)
    schema.append(container)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def enumerations(entities: Iterable[EntitySet]) -> dict[str, tuple[str, ...]]:
    """The symbols of every enumeration in use; `CaseStatus` may have more than a new D365."""
    fields = [field for entity in entities for field in entity.public if field.kind is Kind.ENUM]
    return {field.enum: field.symbols for field in fields}


def allow_edit(entity: EntitySet, field: Field) -> bool:
    """Whether a field can be changed: computed fields, keys, and fields set only at creation cannot."""
    return field.editable and not field.computed and field.name not in entity.keys


def _add_enumeration(schema: Element, name: str, symbols: tuple[str, ...]) -> None:
    enum = SubElement(schema, "EnumType", {"Name": name})
    for value, symbol in enumerate(symbols):
        member = SubElement(enum, "Member", {"Name": symbol, "Value": str(value)})
        _annotate(member, "LabelId", String=label_id(name, symbol))


def _add_type(schema: Element, entity: EntitySet, types: dict[str, str]) -> None:
    element = SubElement(schema, "EntityType", {"Name": entity.type_name})
    key = SubElement(element, "Key")
    for name in entity.keys:
        SubElement(key, "PropertyRef", {"Name": name})
    for field in entity.public:
        _add_property(element, entity, field)
    for navigation in navigations_of(entity):
        _add_navigation(element, navigation, types)
    _annotate(element, "LabelId", String=label_id(entity.type_name))


def _add_property(element: Element, entity: EntitySet, field: Field) -> None:
    attributes = {"Name": field.name, "Type": field.edm_type}
    attributes |= {"Nullable": "false"} if field.mandatory or field.name in entity.keys else {}
    added = SubElement(element, "Property", attributes)
    _annotate(added, "LabelId", String=label_id(entity.type_name, field.name))
    kind = SubElement(_annotate(added, "AXType"), "EnumMember")
    kind.text = f"{TERMS}.AXType/{DATA_TYPES[field.kind]}"
    if not allow_edit(entity, field):
        _annotate(added, "AllowEdit", Bool="false")
    if field.computed:
        _annotate(added, "AllowEditOnCreate", Bool="false")
    if field.mandatory:
        _annotate(added, "IsRequired", Bool="true")


def _annotate(element: Element, term: str, **value: str) -> Element:
    return SubElement(element, "Annotation", {"Term": f"{TERMS}.{term}", **value})


def _add_navigation(element: Element, navigation: Navigation, types: dict[str, str]) -> None:
    target = f"{NAMESPACE}.{types[navigation.target]}"
    shown = f"Collection({target})" if navigation.many else target
    added = SubElement(element, "NavigationProperty", {"Name": navigation.name, "Type": shown})
    for own, theirs in () if navigation.many else navigation.fields:
        SubElement(added, "ReferentialConstraint", {"Property": own, "ReferencedProperty": theirs})


def _add_set(container: Element, entity: EntitySet) -> None:
    attributes = {"Name": entity.name, "EntityType": f"{NAMESPACE}.{entity.type_name}"}
    added = SubElement(container, "EntitySet", attributes)
    for navigation in navigations_of(entity):
        SubElement(added, "NavigationPropertyBinding", {"Path": navigation.name, "Target": navigation.target})


def _add_action(schema: Element, action: Action, entity: EntitySet) -> None:
    added = SubElement(schema, "Action", {"Name": action.name, "IsBound": "true"})
    bound = f"Collection({NAMESPACE}.{entity.type_name})"
    SubElement(added, "Parameter", {"Name": entity.type_name, "Type": bound})
    for name, type_name in action.parameters:
        SubElement(added, "Parameter", {"Name": name, "Type": f"Collection({type_name})"})
    returned = f"Collection({action.returns})" if action.collection else action.returns
    SubElement(added, "ReturnType", {"Type": returned})


def build_service_document(entities: Iterable[EntitySet], origin: str) -> JsonObject:
    """The list of entity sets at `/data`."""
    served = (*entities, *SYSTEM_SETS.values())
    value = [{"name": entity.name, "kind": "EntitySet", "url": entity.name} for entity in served]
    return {"@odata.context": f"{origin}/data/$metadata", "value": value}
