"""The REST metadata service at `/Metadata`: the same catalog as in `$metadata`, as JSON.

Microsoft Learn, "Service endpoints overview": read-only, labels and data entities. `PublicEntities` and
`PublicEnumerations`, with the properties of their records, as d365fo-client reads them.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from d365_sandbox.data_request import DataRequest
from d365_sandbox.entities import EntitySet, Field
from d365_sandbox.labels import LANGUAGE, build_labels, label_id
from d365_sandbox.memory_query import Row, select_properties, select_rows
from d365_sandbox.metadata import DATA_TYPES, allow_edit, enumerations
from d365_sandbox.navigation import Navigation, navigations_of
from d365_sandbox.odata_errors import Answer, EntitySetNotFound, JsonObject, MethodNotAllowed, ODataError
from d365_sandbox.odata_query import parse_options
from d365_sandbox.system_sets import Action, actions_of, category_of, data_entity_name

SERVICE = "Microsoft.Dynamics.Metadata"
RESOURCE = re.compile(r"^/metadata/(\w+)(?:\((.*)\))?$", re.IGNORECASE)
KEY_PART = re.compile(r"(?:(\w+)\s*=\s*)?'((?:[^']|'')*)'\s*(?:,\s*|$)")


@dataclass(frozen=True, slots=True)
class MetadataService:
    """Answers GETs about these entity sets, the writable ones and the system's."""

    entities: tuple[EntitySet, ...]
    system: tuple[EntitySet, ...]

    def answer(self, request: DataRequest) -> Answer:
        """The answer to a request; refusals are raised as `ODataError`."""
        if request.method != "GET":
            raise MethodNotAllowed(request.method)
        path = unquote(request.raw_path).rstrip("/")
        context = f"{request.origin}/Metadata/$metadata"
        if path.lower() == "/metadata":
            value = [{"name": name, "kind": "EntitySet", "url": name} for name in (*RESOURCES, "Labels")]
            return Answer(200, {"@odata.context": context, "value": value})
        match = RESOURCE.match(path)
        if match and match[1] == "Labels" and match[2]:
            return Answer(200, {"@odata.context": f"{context}#Labels/$entity"} | self._label(_key(match[2])))
        if match is None or match[1] not in RESOURCES:
            raise EntitySetNotFound(request.raw_path)
        rows = RESOURCES[match[1]](self)
        if match[2] is None:
            return Answer(200, {"@odata.context": f"{context}#{match[1]}"} | select_rows(rows, request.query_string))
        found = _find(rows, _key(match[2]).get("Name", ""))
        chosen = select_properties(found, parse_options(request.query_string))
        return Answer(200, {"@odata.context": f"{context}#{match[1]}/$entity"} | chosen)

    def _label(self, key: dict[str, str]) -> JsonObject:
        identity, language = key.get("Id", ""), key.get("Language", "")
        labels = build_labels((*self.entities, *self.system), enumerations(self.entities))
        if identity not in labels or language.lower() != LANGUAGE:
            raise ODataError(404, f"The label '{identity}' does not exist in the language '{language}'.")
        return {"Id": identity, "Language": language, "Value": labels[identity]}

    def data_entities(self) -> list[Row]:
        """A data entity for each entity set."""
        return [
            {
                "Name": data_entity_name(entity),
                "PublicEntityName": entity.type_name,
                "PublicCollectionName": entity.name,
                "LabelId": label_id(entity.type_name),
                "DataServiceEnabled": True,
                "DataManagementEnabled": bool(entity.table) and not data_entity_name(entity).startswith("CB"),
                "EntityCategory": category_of(entity),
                "IsReadOnly": not entity.table,
            }
            for entity in (*self.entities, *self.system)
        ]

    def public_entities(self) -> list[Row]:
        """Each entity with its properties, navigation and actions."""
        types = {entity.name: entity.type_name for entity in self.entities}
        return [
            {
                "Name": entity.type_name,
                "EntitySetName": entity.name,
                "LabelId": label_id(entity.type_name),
                "IsReadOnly": not entity.table,
                "ConfigurationEnabled": True,
                "Properties": [_property(entity, field) for field in entity.public],
                "NavigationProperties": [_navigation(one, types) for one in navigations_of(entity)],
                "PropertyGroups": [],
                "Actions": [_action(one) for one in actions_of(entity)],
            }
            for entity in (*self.entities, *self.system)
        ]

    def public_enumerations(self) -> list[Row]:
        """Each enumeration with its members."""
        return [
            {"Name": name, "LabelId": label_id(name), "Members": [_member(name, *one) for one in enumerate(symbols)]}
            for name, symbols in enumerations(self.entities).items()
        ]


RESOURCES: dict[str, Callable[[MetadataService], list[Row]]] = {
    "DataEntities": MetadataService.data_entities,
    "PublicEntities": MetadataService.public_entities,
    "PublicEnumerations": MetadataService.public_enumerations,
}


def _key(text: str) -> dict[str, str]:
    return {name or "Name": value.replace("''", "'") for name, value in KEY_PART.findall(text)}


def _find(rows: Iterable[Row], name: str) -> Row:
    for row in rows:
        if row["Name"] == name:
            return row
    raise ODataError(404, f"'{name}' does not exist.")


def _property(entity: EntitySet, field: Field) -> Row:
    return {
        "Name": field.name,
        "TypeName": field.edm_type,
        "DataType": DATA_TYPES[field.kind],
        "LabelId": label_id(entity.type_name, field.name),
        "IsKey": field.name in entity.keys,
        "IsMandatory": field.mandatory,
        "ConfigurationEnabled": True,
        "AllowEdit": allow_edit(entity, field),
        "AllowEditOnCreate": not field.computed,
        "IsDimension": False,
        "DimensionRelation": None,
        "IsDynamicDimension": False,
        "DimensionLegalEntityProperty": None,
        "DimensionTypeProperty": None,
    }


def _navigation(navigation: Navigation, types: dict[str, str]) -> Row:
    return {
        "Name": navigation.name,
        "RelatedEntity": types[navigation.target],
        "RelatedRelationName": None,
        "Cardinality": "Multiple" if navigation.many else "Single",
        "Constraints": [
            {"@odata.type": f"#{SERVICE}.ReferentialConstraint", "Property": own, "ReferencedProperty": theirs}
            for own, theirs in navigation.fields
        ],
    }


def _action(action: Action) -> Row:
    return {
        "Name": action.name,
        "BindingKind": "BoundToEntitySet",
        "FieldLookup": None,
        "Parameters": [
            {"Name": name, "Type": {"TypeName": type_name, "IsCollection": True}}
            for name, type_name in action.parameters
        ],
        "ReturnType": {"TypeName": action.returns, "IsCollection": action.collection},
    }


def _member(enumeration: str, value: int, symbol: str) -> Row:
    label = label_id(enumeration, symbol)
    return {"Name": symbol, "Value": value, "LabelId": label, "ConfigurationEnabled": True}
