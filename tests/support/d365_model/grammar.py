"""The children that each element of D365's metadata may have, in the required order.

D365 silently drops a misplaced child. No schema is published. The orders come from 349 public files (TrudAX/XppTools,
which all agree), from the tables that dynamics365ninja/d365fo-mcp-server measured over a whole installation (entities,
table fields), and from MarceloMLR/FiscalHub's `d365/model`, which a live environment runs. The list has only elements
that the model uses.
"""

from collections.abc import Iterator

from tests.support.d365_model.files import Element, kind

_GRANT = ("Correct", "Create", "Delete", "Invoke", "Read", "Update")
_DATA_SOURCE = ("Name", "DynamicFields", "IsReadOnly", "Table", "DataSources", "DerivedDataSources", "Fields", "Ranges")
_TABLE_FIELD = (
    *(
        "Name",
        "AllowEdit",
        "AllowEditOnCreate",
        "AssetClassification",
        "ExtendedDataType",
        "HelpText",
        "IgnoreEDTRelation",
    ),
    *("Label", "Mandatory", "StringSize"),
)

ORDER: dict[str, tuple[str, ...]] = {
    "AxClass": ("Name", "SourceCode"),
    "SourceCode": ("Declaration", "Methods"),
    "Method": ("Name", "Source"),
    "AxEdtString": (
        *("Name", "Extends", "HelpText", "Label", "ReferenceTable", "ArrayElements", "Relations", "TableReferences"),
        "StringSize",
    ),
    "AxTable": (
        *(
            "Name",
            "SourceCode",
            "ConfigurationKey",
            "DeveloperDocumentation",
            "FormRef",
            "Label",
            "SubscriberAccessLevel",
        ),
        *("TableGroup", "TitleField1", "TitleField2", "AllowRowVersionChangeTracking", "CacheLookup", "ClusteredIndex"),
        *(
            "CreatedBy",
            "CreatedDateTime",
            "ModifiedBy",
            "ModifiedDateTime",
            "OccEnabled",
            "PrimaryIndex",
            "ReplacementKey",
        ),
        *("SaveDataPerCompany", "TableType", "DeleteActions", "FieldGroups", "Fields", "FullTextIndexes", "Indexes"),
        *("Mappings", "Relations", "StateMachines"),
    ),
    "AxTableFieldString": _TABLE_FIELD,
    "AxTableFieldInt64": _TABLE_FIELD,
    "AxTableFieldGroup": ("Name", "AutoPopulate", "IsManuallyUpdated", "IsSystemGenerated", "Label", "Fields"),
    "AxTableFieldGroupField": ("DataField",),
    "AxTableIndex": ("Name", "AllowDuplicates", "AlternateKey", "Fields"),
    "AxTableIndexField": ("DataField",),
    "AxTableRelationForeignKey": (
        *("Name", "Cardinality", "EDTRelation", "EntityRelationshipRole", "OnDelete", "RelatedTable"),
        *("RelatedTableCardinality", "RelationshipType", "Validate", "Constraints", "Index"),
    ),
    "AxTableRelationConstraintField": ("Name", "SourceEDT", "Field", "RelatedField"),
    "AxTableExtension": (
        *("Name", "FieldGroupExtensions", "FieldGroups", "FieldModifications", "Fields", "FullTextIndexes", "Indexes"),
        *("Mappings", "PropertyModifications", "RelationExtensions", "RelationModifications", "Relations"),
    ),
    "AxDataEntityView": (
        *(
            "Name",
            "SourceCode",
            "ConfigurationKey",
            "CountryRegionCodes",
            "DeveloperDocumentation",
            "FormRef",
            "IsObsolete",
        ),
        *(
            "Label",
            "SingularLabel",
            "OperationalDomain",
            "SubscriberAccessLevel",
            "Tags",
            "AllowArchival",
            "AllowRetention",
        ),
        *(
            "AllowRowVersionChangeTracking",
            "AutoCreateDataverse",
            "DataManagementEnabled",
            "DataManagementStagingTable",
        ),
        *(
            "EnableSetBasedSqlOperations",
            "EntityCategory",
            "IsPublic",
            "IsReadOnly",
            "Modules",
            "PrimaryCompanyContext",
        ),
        *(
            "PrimaryKey",
            "PublicCollectionName",
            "PublicEntityName",
            "SupportsSetBasedSqlOperations",
            "ValidTimeStateEnabled",
        ),
        *("DeleteActions", "FieldGroups", "Fields", "Keys", "Mappings", "Ranges", "Relations", "StateMachines"),
        "ViewMetadata",
    ),
    "SubscriberAccessLevel": ("Read",),
    "AxDataEntityViewMappedField": (
        *(
            "Name",
            "AccessModifier",
            "AllowEdit",
            "AllowEditOnCreate",
            "CountryRegionCodes",
            "HelpText",
            "Label",
            "Mandatory",
        ),
        *("DataField", "DataSource"),
    ),
    "AxDataEntityViewKey": ("Name", "Fields"),
    "AxDataEntityViewKeyField": ("DataField",),
    "ViewMetadata": ("Name", "SourceCode", "DataSources"),
    "AxQuerySimpleRootDataSource": (*_DATA_SOURCE, "GroupBy", "Having", "OrderBy"),
    "AxQuerySimpleEmbeddedDataSource": (*_DATA_SOURCE, "JoinMode", "UseRelations", "Relations"),
    "AxQuerySimpleDataSourceRange": ("Name", "Field", "Status", "Value"),
    "AxQuerySimpleDataSourceRelation": ("Name", "Field", "JoinDataSource", "JoinRelationName", "RelatedField"),
    "AxSecurityPrivilege": (
        *("Name", "Description", "Label", "DataEntityPermissions", "DirectAccessPermissions", "EntryPoints"),
        "FormControlOverrides",
    ),
    "AxSecurityDataEntityPermission": ("Grant", "Name", "Fields", "Methods"),
    "Grant": _GRANT,
    "AxSecurityRole": ("Name", "Description", "Label", "DirectAccessPermissions", "Duties", "Privileges", "SubRoles"),
    "AxSecurityPrivilegeReference": ("Name",),
    "AxLabelFile": ("Name", "LabelContentFileName", "LabelFileId", "Language", "RelativeUriInModelStore"),
    "AxModelInfo": (
        *(
            "AppliedUpdates",
            "Customization",
            "Description",
            "DisplayName",
            "Id",
            "InternalsVisibleTo",
            "Layer",
            "Locked",
        ),
        *("ModelModule", "ModelReferences", "ModuleReferences", "Name", "Publisher", "SolutionId", "VersionBuild"),
        *("VersionMajor", "VersionMinor", "VersionRevision"),
    ),
}

_ARRAY = "{http://schemas.microsoft.com/2003/10/Serialization/Arrays}string"
# The items of a list, by owner and list.
ITEMS: dict[tuple[str, str], frozenset[str]] = {
    owner_and_list: frozenset(kinds)
    for owner_and_list, kinds in {
        ("SourceCode", "Methods"): {"Method"},
        ("AxTable", "FieldGroups"): {"AxTableFieldGroup"},
        ("AxTable", "Fields"): {"AxTableFieldString", "AxTableFieldInt64"},
        ("AxTable", "Indexes"): {"AxTableIndex"},
        ("AxTable", "Relations"): {"AxTableRelationForeignKey"},
        ("AxTableFieldGroup", "Fields"): {"AxTableFieldGroupField"},
        ("AxTableIndex", "Fields"): {"AxTableIndexField"},
        ("AxTableRelationForeignKey", "Constraints"): {"AxTableRelationConstraintField"},
        ("AxTableExtension", "FieldGroups"): {"AxTableFieldGroup"},
        ("AxTableExtension", "Fields"): {"AxTableFieldString"},
        ("AxTableExtension", "Indexes"): {"AxTableIndex"},
        ("AxDataEntityView", "FieldGroups"): {"AxTableFieldGroup"},
        ("AxDataEntityView", "Fields"): {"AxDataEntityViewMappedField"},
        ("AxDataEntityView", "Keys"): {"AxDataEntityViewKey"},
        ("AxDataEntityViewKey", "Fields"): {"AxDataEntityViewKeyField"},
        ("ViewMetadata", "DataSources"): {"AxQuerySimpleRootDataSource"},
        ("AxQuerySimpleRootDataSource", "DataSources"): {"AxQuerySimpleEmbeddedDataSource"},
        ("AxQuerySimpleEmbeddedDataSource", "DataSources"): {"AxQuerySimpleEmbeddedDataSource"},
        ("AxQuerySimpleEmbeddedDataSource", "Ranges"): {"AxQuerySimpleDataSourceRange"},
        ("AxQuerySimpleEmbeddedDataSource", "Relations"): {"AxQuerySimpleDataSourceRelation"},
        ("AxSecurityPrivilege", "DataEntityPermissions"): {"AxSecurityDataEntityPermission"},
        ("AxSecurityRole", "Privileges"): {"AxSecurityPrivilegeReference"},
        ("AxModelInfo", "ModuleReferences"): {_ARRAY},
    }.items()
}


def problems(element: Element, where: str) -> Iterator[str]:
    """What D365 would not read, or would drop, in the element or below it."""
    order = ORDER.get(kind(element))
    if order is None:
        yield f"{where}: no {kind(element)} is known"
        return
    tags = [child.tag for child in element]
    yield from (f"{where}: {kind(element)} has no child {tag}" for tag in tags if tag not in order)
    known = [order.index(tag) for tag in tags if tag in order]
    if known != sorted(set(known)):
        yield (
            f"{where}: the children of {kind(element)} must occur once each, in the order {', '.join(order)}; "
            f"they are {', '.join(tags)}"
        )
    for child in element:
        if child.tag in ORDER:
            yield from problems(child, where)
        elif (kind(element), child.tag) in ITEMS or len(child):
            yield from _items(element, child, where)


def _items(owner: Element, items: Element, where: str) -> Iterator[str]:
    allowed = ITEMS.get((kind(owner), items.tag), frozenset())
    for item in items:
        if kind(item) not in allowed:
            yield f"{where}: {items.tag} of {kind(owner)} takes no {kind(item)}"
        elif kind(item) != _ARRAY:
            yield from problems(item, where)
