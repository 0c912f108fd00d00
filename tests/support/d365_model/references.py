"""The names in the model's metadata: each must be declared in the model or in the list of standard objects."""

from collections.abc import Iterable, Iterator

from tests.support.d365_model.files import Element, Model, text
from tests.support.d365_model.names import Names, data_sources

Wanted = tuple[str, str, set[str]]


def problems(model: Model) -> Iterator[str]:
    """References without a declaration."""
    names = Names(model)
    for where, name, allowed in _wanted(model, names):
        if name and name not in allowed:
            yield f"{where}: {name} is not known"
    yield from _extended_tables(model, names)


def _wanted(model: Model, names: Names) -> Iterator[Wanted]:
    for name, root in model.of("AxEdt").items():
        yield name, text(root, "Extends"), names.edts
    for name, root in model.of("AxTable").items():
        yield from _of_table(name, root, names, names.own_fields(name))
    for name, root in model.of("AxTableExtension").items():
        yield from _of_table(name, root, names, names.fields(name.partition(".")[0]))
    for name, root in model.of("AxDataEntityView").items():
        yield from _of_entity(name, root, names)
    for name, root in model.of("AxSecurityPrivilege").items():
        permissions = root.findall("DataEntityPermissions/AxSecurityDataEntityPermission")
        yield from ((name, text(permission, "Name"), names.entities) for permission in permissions)
    for name, root in model.of("AxSecurityRole").items():
        privileges = root.findall("Privileges/AxSecurityPrivilegeReference")
        yield from ((name, text(privilege, "Name"), set(model.of("AxSecurityPrivilege"))) for privilege in privileges)


def _extended_tables(model: Model, names: Names) -> Iterator[str]:
    for name in model.of("AxTableExtension"):
        if name.partition(".")[0] not in names.tables:
            yield f"{name}: there is no such table to extend"


def _texts(root: Element, *paths: str) -> Iterable[str]:
    return (found.text or "" for path in paths for found in root.findall(path))


def _of_table(name: str, root: Element, names: Names, fields: set[str]) -> Iterator[Wanted]:
    indexes = {text(index, "Name") for index in root.findall("Indexes/AxTableIndex")}
    edts = _texts(root, "Fields/AxTableField/ExtendedDataType")
    columns = _texts(
        root, "TitleField1", "TitleField2", "FieldGroups//DataField", "Indexes//DataField", "Relations//Field"
    )
    yield from ((name, edt, names.edts) for edt in edts)
    yield from ((name, column, fields) for column in columns)
    yield from ((name, index, indexes) for index in _texts(root, "ClusteredIndex", "PrimaryIndex", "ReplacementKey"))
    for relation in root.findall("Relations/AxTableRelation"):
        table = text(relation, "RelatedTable")
        yield name, table, names.tables
        related = names.fields(table) if table in names.tables else set()
        yield from (
            (f"{name}, relation to {table}", field, related) for field in _texts(relation, "Constraints//RelatedField")
        )


def _of_entity(name: str, root: Element, names: Names) -> Iterator[Wanted]:
    sources = data_sources(root)
    tables = {source: text(node, "Table") for source, node in sources.items()}
    own = set(_texts(root, "Fields/AxDataEntityViewField/Name"))
    keys = {text(key, "Name") for key in root.findall("Keys/AxDataEntityViewKey")}
    yield from ((name, table, names.tables) for table in tables.values())
    yield name, text(root, "PrimaryKey"), keys
    yield from ((name, field, own) for field in _texts(root, "Keys//DataField", "FieldGroups//DataField"))

    def of_source(source: str) -> set[str]:
        table = tables.get(source, "")
        return names.fields(table) if table in names.tables else set()

    for field in root.findall("Fields/AxDataEntityViewField"):
        source = text(field, "DataSource")
        yield name, source, set(tables)
        yield f"{name}, data source {source}", text(field, "DataField"), of_source(source)
    for source, node in sources.items():
        where = f"{name}, data source {source}"
        yield from (
            (where, field, of_source(source)) for field in _texts(node, "Ranges/AxQuerySimpleDataSourceRange/Field")
        )
        for relation in node.findall("Relations/AxQuerySimpleDataSourceRelation"):
            parent = text(relation, "JoinDataSource")
            yield where, parent, set(tables)
            # `Field` is the parent's, `RelatedField` its own; the other way around the build finds neither.
            yield f"{where}, Field of its relation", text(relation, "Field"), of_source(parent)
            yield f"{where}, RelatedField of its relation", text(relation, "RelatedField"), of_source(source)
