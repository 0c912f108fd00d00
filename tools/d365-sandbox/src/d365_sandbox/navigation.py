"""Navigation properties: which entity leads to which, and `$expand`, of which F&O supports the first level.

Microsoft Learn, "Open Data Protocol (OData)", addressing and supported features. The names are the sandbox's own.
"""

import re
from dataclasses import dataclass

from d365_sandbox.entities import EntitySet
from d365_sandbox.odata_errors import invalid_query, unknown_property

EXPANDED = re.compile(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Navigation:
    """A property of `source` that leads to one record of `target`, or to many; `fields` pairs their fields."""

    name: str
    source: str
    target: str
    fields: tuple[tuple[str, str], ...]
    many: bool = False


_ACCOUNT = (("dataAreaId", "dataAreaId"), ("CustomerAccount", "CustomerAccount"))
_CATEGORY = (("dataAreaId", "dataAreaId"), ("CategoryType", "CategoryType"), ("CaseCategory", "CaseCategory"))

NAVIGATIONS = (
    Navigation("Customer", "DealerPortalCases", "CustomersV3", _ACCOUNT),
    Navigation("Category", "DealerPortalCases", "CaseCategoryHierarchyDetails", _CATEGORY),
    Navigation("DealerPortalCases", "CustomersV3", "DealerPortalCases", _ACCOUNT, many=True),
)


@dataclass(frozen=True, slots=True)
class Expansion:
    """A navigation property to show within each record, with these properties of the target (all if empty)."""

    navigation: Navigation
    select: tuple[str, ...] = ()


def navigations_of(entity: EntitySet) -> list[Navigation]:
    """The navigation properties of an entity."""
    return [one for one in NAVIGATIONS if one.source == entity.name]


def find_navigation(entity: EntitySet, name: str) -> Navigation | None:
    """A navigation property by its exact name."""
    return next((one for one in navigations_of(entity) if one.name == name), None)


def parse_expand(text: str, entity: EntitySet) -> tuple[Expansion, ...]:
    """`Customer,Category($select=Description)`; raises `ODataError` 400, also for a second level."""
    expansions, position = [], 0
    while position < len(text):
        match = EXPANDED.match(text, position)
        if match is None:
            raise invalid_query(f"'$expand' takes navigation properties, one level deep, not '{text[:200]}'.")
        navigation = find_navigation(entity, match[1])
        if navigation is None:
            raise unknown_property(match[1], entity.type_name)
        expansions.append(Expansion(navigation, _select(match[2] or "")))
        position = match.end()
    return tuple(expansions)


def _select(options: str) -> tuple[str, ...]:
    if not options:
        return ()
    name, _, value = options.partition("=")
    if name.strip() != "$select":
        raise invalid_query(f"The option '{name.strip()}' within '$expand' is not supported.")
    return tuple(part.strip() for part in value.split(","))
