"""Entity sets of the system itself, whose rows follow from what is served, and the actions bound to them.

The sets with `GetApplicationVersion`, `GetPlatformBuildVersion`, `GetApplicationBuildVersion`, `query` and
`GetInstalledModules`, and the form of a module's line, are as d365fo-client's documentation shows them; the version
actions are also on `DataManagementDefinitionGroups`, where Microsoft Learn ("Data management package REST API") has its
actions. The versions are the sandbox's own.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from d365_sandbox.entities import EntitySet, Field
from d365_sandbox.odata_errors import NAMESPACE, JsonObject

STRING = "Edm.String"
INTEGER = "Edm.Int32"
VERSIONS = {
    "GetApplicationVersion": "10.0.2345.60",
    "GetPlatformBuildVersion": "7.0.7690.21",
    "GetApplicationBuildVersion": "10.0.2345.60",
}
MODULES = ("ApplicationPlatform", "ApplicationFoundation", "ApplicationSuite", "Casebridge")
CATEGORIES = ("Master", "Configuration", "Transaction", "Reference", "Document", "Parameters")
_CATEGORY_OF = {
    "CustomersV3": "Master",
    "CaseCategoryHierarchyDetails": "Reference",
    "CasePriorities": "Reference",
}
_DATA_ENTITIES = {
    "DealerPortalCases": "CBDealerPortalCaseEntity",
    "CaseCategoryHierarchyDetails": "CaseCategoryHierarchyDetailEntity",
    "CasePriorities": "CBCasePriorityEntity",
    "CustomersV3": "CustCustomerV3Entity",
    "DocumentQueueLogs": "CBDocumentQueueLogEntity",
}

Rows = list[dict[str, Any]]
Run = Callable[[JsonObject, Iterable[EntitySet]], Any]


@dataclass(frozen=True, slots=True)
class Action:
    """A bound action; `parameters` are collections of these types, `collection` says whether it returns many."""

    name: str
    entity_set: str
    run: Run
    returns: str = STRING
    collection: bool = False
    parameters: tuple[tuple[str, str], ...] = ()


def category_of(entity: EntitySet) -> str:
    """The category of a data entity."""
    return _CATEGORY_OF.get(entity.name, "Transaction")


def data_entity_name(entity: EntitySet) -> str:
    """The data entity's name in X++."""
    return _DATA_ENTITIES.get(entity.name, f"{entity.type_name}Entity")


def _fields(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, length=255) for name in names)


ENTITIES = EntitySet(
    *("DataManagementEntities", "DataManagementEntity", "Data management entities", "", ("EntityName",)),
    _fields("EntityName", "TargetEntity", "EntityCategory"),
)
GROUPS = EntitySet(
    *("DataManagementDefinitionGroups", "DataManagementDefinitionGroup", "Data projects", "", ("Name",)),
    _fields("Name", "Description"),
)
NOTIFICATIONS = EntitySet(
    *("SystemNotifications", "SystemNotification", "System notifications", "", ("Id",)), _fields("Id", "Message")
)
SYSTEM_SETS = {entity.name: entity for entity in (ENTITIES, GROUPS, NOTIFICATIONS)}


def rows_of(system_set: EntitySet, entities: Iterable[EntitySet]) -> Rows:
    """The rows of a system set: a data entity for every entity set served; no data projects or notifications."""
    if system_set is not ENTITIES:
        return []
    return [
        {"EntityName": entity.label, "TargetEntity": data_entity_name(entity), "EntityCategory": category_of(entity)}
        for entity in entities
    ]


def _version(name: str) -> Run:
    return lambda _, __: VERSIONS[name]


def _modules(_: JsonObject, __: Iterable[EntitySet]) -> list[str]:
    version = VERSIONS["GetApplicationVersion"]
    return [
        f"Name: {name} | Version: {version} | Module: {name} | Publisher: Sandbox | DisplayName: {name}"
        for name in MODULES
    ]


def _query(given: JsonObject, entities: Iterable[EntitySet]) -> Rows:
    """Data entities of these categories, by number; all of them if none is given."""
    numbers = given.get("categoryFilters") or range(len(CATEGORIES))
    wanted = {CATEGORIES[number] for number in numbers if number in range(len(CATEGORIES))}
    return [row for row in rows_of(ENTITIES, entities) if row["EntityCategory"] in wanted]


_FILTERS = (
    *(("categoryFilters", INTEGER), ("isSharedFilters", INTEGER), ("configKeyFilters", STRING)),
    *(("countryRegionCodeFilters", STRING), ("moduleFilters", STRING), ("tagFilters", STRING)),
)
ACTIONS = (
    *(Action(name, entity.name, _version(name)) for entity in (ENTITIES, GROUPS) for name in VERSIONS),
    Action("GetInstalledModules", NOTIFICATIONS.name, _modules, collection=True),
    Action("query", ENTITIES.name, _query, f"{NAMESPACE}.{ENTITIES.type_name}", collection=True, parameters=_FILTERS),
)


def actions_of(entity: EntitySet) -> list[Action]:
    """The actions bound to an entity set."""
    return [action for action in ACTIONS if action.entity_set == entity.name]


def find_action(path: str) -> Action | None:
    """The action that a path below `/data/` names: `Set/Microsoft.Dynamics.DataEntities.Action`."""
    name, _, action_name = path.partition(f"/{NAMESPACE}.")
    return next((one for one in ACTIONS if (one.entity_set, one.name) == (name, action_name)), None)
