"""The rules for the model itself."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from xml.etree import ElementTree

from tests.support.d365_model import grammar, references, source
from tests.support.d365_model.files import (
    DESCRIPTOR,
    LABEL_TEXTS,
    OBJECTS,
    PROJECT,
    Element,
    Model,
    kind,
    text,
)
from tests.support.d365_model.names import data_sources

_MSBUILD = "{http://schemas.microsoft.com/developer/msbuild/2003}"


def is_well_formed(model: Model) -> Iterator[str]:
    """Every XML file can be read."""
    for path, content in model.files.items():
        if path.endswith((".xml", ".rnrproj")):
            try:
                ElementTree.fromstring(content)
            except ElementTree.ParseError as error:
                yield f"{path}: {error}"


def has_its_children_in_order(model: Model) -> Iterator[str]:
    """D365 would read every child of every element, and drop none."""
    for path, root in model.objects.items():
        yield from grammar.problems(root, path)
    yield from grammar.problems(ElementTree.fromstring(model.files[DESCRIPTOR]), DESCRIPTOR)


def is_named_as_its_files(model: Model) -> Iterator[str]:
    """A file has the name of its object and is in the folder of its kind."""
    for path, root in model.objects.items():
        folder = PurePosixPath(path).parent.name
        if text(root, "Name") != PurePosixPath(path).stem:
            yield f"{path}: the object is called {text(root, 'Name')}"
        if root.tag != folder:
            yield f"{path}: {root.tag} lies in {folder}"


def resolves_in_metadata(model: Model) -> Iterator[str]:
    """Each name in the metadata is declared."""
    yield from references.problems(model)


def resolves_in_code(model: Model) -> Iterator[str]:
    """Each name in the X++ code is declared."""
    yield from source.problems(model)


def references_its_modules(model: Model) -> Iterator[str]:
    """The descriptor names the packages that the list of standard objects names."""
    modules = [
        str(node.text) for node in ElementTree.fromstring(model.files[DESCRIPTOR]).iterfind("ModuleReferences/*")
    ]
    if modules != model.standard["modules"]["names"]:
        yield f"{DESCRIPTOR}: the references are {modules}"


def has_all_labels(model: Model) -> Iterator[str]:
    """Each used label has a text, and each text is used; no file contains a visible text itself."""
    used = set()
    for path, content in model.files.items():
        if path.startswith(f"{OBJECTS}/Ax") and path.endswith(".xml"):
            found = re.findall(r"""@Casebridge:(\w+)|'Casebridge:(\w+)'""", content)
            used |= {first or second for first, second in found}
            root = model.objects.get(path)
            visible = (
                []
                if root is None
                else [node for node in root.iter() if node.tag in ("Label", "HelpText", "Description")]
            )
            yield from (f"{path}: {node.tag} is no label" for node in visible if not str(node.text).startswith("@"))
    yield from (f"label {name} has no text in {LABEL_TEXTS}" for name in sorted(used - set(model.labels)))
    yield from (f"label {name} is not used" for name in sorted(set(model.labels) - used))


def joins_outwards(model: Model) -> Iterator[str]:
    """Each embedded data source is an outer join; the default is an inner join, which makes the entity empty."""
    for name, root in model.of("AxDataEntityView").items():
        for source_name, node in data_sources(root).items():
            if kind(node) == "AxQuerySimpleEmbeddedDataSource" and text(node, "JoinMode") != "OuterJoin":
                mode = text(node, "JoinMode") or "missing, which is an inner join"
                yield f"{name}, data source {source_name}: JoinMode is {mode}"


def looks_up_only_what_is_there(model: Model) -> Iterator[str]:
    """D365 looks up read-only data and refuses a record if it finds nothing; the code writes the rest."""
    for name, root in model.of("AxDataEntityView").items():
        code = "\n".join(text(method, "Source") for method in root.iterfind("SourceCode/Methods/Method"))
        written = {
            table for table, variable in re.findall(r"\b([A-Z]\w*) (\w+);", code) if f"{variable}.insert(" in code
        }
        for source_name, node in data_sources(root).items():
            if kind(node) == "AxQuerySimpleEmbeddedDataSource":
                is_looked_up = text(node, "IsReadOnly") == "Yes"
                if is_looked_up and text(node, "Table") in written:
                    yield f"{name}, data source {source_name}: read only, so each new record is refused"
                if not is_looked_up and f"dataEntityDataSourceStr({name}, {source_name})" not in code:
                    yield f"{name}, data source {source_name}: not read only, and no code decides what is written"


def demands_nothing_of_joined_tables(model: Model) -> Iterator[str]:
    """A mandatory field of a table is mandatory in its entities, even for records without a row in a joined table."""
    for name, root in model.of("AxDataEntityView").items():
        joined = {
            source_name: text(node, "Table")
            for source_name, node in data_sources(root).items()
            if kind(node) == "AxQuerySimpleEmbeddedDataSource"
        }
        for field in root.iterfind("Fields/AxDataEntityViewField"):
            table = joined.get(text(field, "DataSource"), "")
            columns = model.of("AxTable")[table].iterfind("Fields/AxTableField") if table in model.of("AxTable") else ()
            for column in columns:
                if text(column, "Name") == text(field, "DataField") and text(column, "Mandatory") == "Yes":
                    yield f"{name}.{text(field, 'Name')} is mandatory in {table}"


def hides_no_field(model: Model) -> Iterator[str]:
    """No field is Private or Internal: OData would not show it and would refuse it in `$select` with an empty 400."""
    for name, root in model.of("AxDataEntityView").items():
        for field in root.iterfind("Fields/AxDataEntityViewField"):
            if text(field, "AccessModifier") not in ("", "Public"):
                yield f"{name}.{text(field, 'Name')} is {text(field, 'AccessModifier')}"


def is_public_for_odata_alone(model: Model) -> Iterator[str]:
    """Entities are public and per company, without staging table; system fields have their own names."""
    wanted = {"IsPublic": "Yes", "PrimaryCompanyContext": "DataAreaId", "DataManagementEnabled": "No"}
    for name, root in model.of("AxDataEntityView").items():
        yield from (f"{name}: {tag} is not {value}" for tag, value in wanted.items() if text(root, tag) != value)
        system = {*model.standard["system_fields"]}
        fields = {text(field, "Name") for field in root.iterfind("Fields/AxDataEntityViewField")}
        yield from (f"{name}.{field} has the name of a system field" for field in sorted(fields & system))


def extends_without_unique_index(model: Model) -> Iterator[str]:
    """D365 accepts no unique index in an extension of a table."""
    for name, root in model.of("AxTableExtension").items():
        for index in root.iterfind("Indexes/AxTableIndex"):
            if text(index, "AllowDuplicates") != "Yes":
                yield f"{name}: index {text(index, 'Name')} is unique"


def keeps_the_web_case_id_unique(model: Model) -> Iterator[str]:
    """CBCaseLink refuses a second row with the same Web Case ID, and a second one of the same case."""
    indexes = {_fields(index): index for index in model.of("AxTable")["CBCaseLink"].iterfind("Indexes/AxTableIndex")}
    for field in ("WebCaseId", "CaseRecId"):
        index = indexes.get((field,))
        if index is None or text(index, "AllowDuplicates") != "No" or text(index, "AlternateKey") != "Yes":
            yield f"CBCaseLink: {field} has no unique index of its own"


def gives_rights_to_each_entity(model: Model) -> Iterator[str]:
    """The role reads every public entity and writes those that are not read only; it deletes nothing."""
    role = model.of("AxSecurityRole")["CBIntegration"]
    granted: dict[str, set[str]] = {}
    for reference in role.iterfind("Privileges/AxSecurityPrivilegeReference"):
        privilege = model.of("AxSecurityPrivilege").get(text(reference, "Name"))
        for permission in (
            [] if privilege is None else privilege.iterfind("DataEntityPermissions/AxSecurityDataEntityPermission")
        ):
            granted.setdefault(text(permission, "Name"), set()).update(
                grant.tag for grant in permission.iterfind("Grant/*")
            )
    for name, root in model.of("AxDataEntityView").items():
        wanted = {"Read"} if text(root, "IsReadOnly") == "Yes" else {"Correct", "Create", "Read", "Update"}
        if granted.get(name, set()) != wanted:
            yield f"CBIntegration: {name} needs {sorted(wanted)}, has {sorted(granted.get(name, set()))}"
    listed = {text(reference, "Name") for reference in role.iterfind("Privileges/AxSecurityPrivilegeReference")}
    yield from (f"CBIntegration lacks {name}" for name in sorted(set(model.of("AxSecurityPrivilege")) - listed))


def has_its_event_in_the_catalog(model: Model) -> Iterator[str]:
    """A business event has the attribute by which the catalog finds it, and a contract that is a data contract."""
    for name, root in model.of("AxClass").items():
        declaration = text(root, "SourceCode/Declaration")
        if "extends BusinessEventsBase" in declaration:
            found = re.search(r"\[BusinessEvents\(classStr\((\w+)\)", declaration)
            contract = model.of("AxClass").get(found[1]) if found else None
            if contract is None or "[DataContract]" not in text(contract, "SourceCode/Declaration"):
                yield f"{name}: no [BusinessEvents] attribute with a data contract"


def is_listed_in_the_project(model: Model) -> Iterator[str]:
    """The project file lists exactly the objects and label files: unlisted ones are not built."""
    project = ElementTree.fromstring(model.files[PROJECT])
    listed = {str(node.get("Include")).replace("\\", "/") for node in project.iter(f"{_MSBUILD}Content")}
    there = {
        path.removeprefix(f"{OBJECTS}/").removesuffix(".xml") for path in model.files if path.startswith(f"{OBJECTS}/")
    }
    yield from (f"{PROJECT} does not list {path}" for path in sorted(there - listed))
    yield from (f"{PROJECT} lists {path}, which is not there" for path in sorted(listed - there))


def says_that_it_was_never_compiled(model: Model) -> Iterator[str]:
    """The README's first line says so, and what was checked instead."""
    first = model.files["README.md"].splitlines()[0]
    if "never compiled" not in first or "test_d365_model.py" not in first:
        yield f"README.md begins with {first!r}"


def _fields(index: Element) -> tuple[str, ...]:
    return tuple(text(field, "DataField") for field in index.iterfind("Fields/AxTableIndexField"))


ALL = (
    is_well_formed,
    has_its_children_in_order,
    is_named_as_its_files,
    resolves_in_metadata,
    resolves_in_code,
    references_its_modules,
    has_all_labels,
    joins_outwards,
    looks_up_only_what_is_there,
    demands_nothing_of_joined_tables,
    hides_no_field,
    is_public_for_odata_alone,
    extends_without_unique_index,
    keeps_the_web_case_id_unique,
    gives_rights_to_each_entity,
    has_its_event_in_the_catalog,
    is_listed_in_the_project,
    says_that_it_was_never_compiled,
)
