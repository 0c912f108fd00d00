"""F&O's metadata service (Learn, "services home page"): one entity or enumeration, not tens of megabytes of EDMX."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yarl import URL

from case_shared.d365.errors import D365Error
from case_shared.d365.odata import string_literal
from case_shared.d365.reading import EntitySets


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """A field as the metadata service describes it; `type` is OData's name, such as `Edm.Int64`."""

    name: str
    type: str
    mandatory: bool
    creatable: bool


@dataclass(frozen=True, slots=True)
class EntitySchema:
    """A public entity and its fields by name."""

    read_only: bool
    fields: Mapping[str, FieldSchema]


@dataclass(frozen=True, slots=True)
class MetadataService:
    """Reads below `/metadata`; every read returns None or nothing if D365 does not answer: not every stand-in can."""

    sets: EntitySets
    root: str
    timeout: float

    async def entity(self, entity_set: str) -> EntitySchema | None:
        """Return the public entity behind an entity set."""
        name = await self._public_name(entity_set)
        document = await self._get(f"PublicEntities({string_literal(name)})") if name else None
        properties = _objects(document, "Properties")
        if not document or not properties:
            return None
        fields = [_field(one) for one in properties if isinstance(one.get("Name"), str)]
        return EntitySchema(document.get("IsReadOnly") is True, {one.name: one for one in fields})

    async def symbols(self, enumeration: str) -> tuple[str, ...]:
        """Return the symbols of an enumeration; its name may include the namespace."""
        document = await self._get(f"PublicEnumerations({string_literal(enumeration.rpartition('.')[2])})")
        return tuple(one["Name"] for one in _objects(document, "Members") if isinstance(one.get("Name"), str))

    async def _public_name(self, entity_set: str) -> str | None:
        # It does not matter if the service ignores the filter: the loop picks the right one.
        document = await self._get(f"DataEntities?$filter=PublicCollectionName eq {string_literal(entity_set)}")
        for one in _objects(document, "value"):
            if one.get("PublicCollectionName") == entity_set and isinstance(one.get("PublicEntityName"), str):
                return str(one["PublicEntityName"])
        return None

    async def _get(self, resource: str) -> dict[str, Any] | None:
        try:
            answer = await self.sets.call(
                "read metadata", "GET", URL(f"{self.root}/metadata/{resource}"), timeout=self.timeout
            )
        except D365Error:
            return None
        return answer.document


def _objects(document: dict[str, Any] | None, name: str) -> list[dict[str, Any]]:
    found = document.get(name) if document else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _field(one: dict[str, Any]) -> FieldSchema:
    # Complain only about what a description says, not about what it leaves out.
    return FieldSchema(
        name=one["Name"],
        type=str(one.get("TypeName") or ""),
        mandatory=one.get("IsMandatory") is True,
        creatable=one.get("AllowEditOnCreate") is not False,
    )
