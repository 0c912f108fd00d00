"""All known names: the model's own, and Microsoft's that it assumes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tests.support.d365_model.files import Element, Model, text


@dataclass(frozen=True)
class Names:
    """Tables with their fields, and all other names, of model and standard together."""

    model: Model

    @cached_property
    def tables(self) -> set[str]:
        """Tables of both."""
        return {*self.model.of("AxTable"), *self.model.standard["tables"]}

    @cached_property
    def entities(self) -> set[str]:
        """Data entities of both."""
        return {*self.model.of("AxDataEntityView"), *self.model.standard["entities"]}

    @cached_property
    def edts(self) -> set[str]:
        """Extended data types of both."""
        return {*self.model.of("AxEdt"), *self.model.standard["edts"]}

    @cached_property
    def enums(self) -> set[str]:
        """Enumerations, all of them Microsoft's."""
        return set(self.model.standard["enums"])

    @cached_property
    def classes(self) -> set[str]:
        """Classes of both."""
        return {*self.model.of("AxClass"), *self.model.standard["classes"]}

    @cached_property
    def types(self) -> set[str]:
        """All types of variables except primitive ones."""
        return self.tables | self.entities | self.edts | self.enums | self.classes

    def own_fields(self, table: str) -> set[str]:
        """The fields that a table of the model declares, and the system fields that it keeps."""
        root = self.model.of("AxTable")[table]
        dates = {tag for tag in ("CreatedDateTime", "ModifiedDateTime") if text(root, tag) == "Yes"}
        return {text(field, "Name") for field in root.findall("Fields/AxTableField")} | dates | {"RecId", "DataAreaId"}

    def fields(self, table: str) -> set[str]:
        """The fields of a table, including inherited and added ones."""
        if table in self.model.of("AxTable"):
            return self.own_fields(table)
        known = self.model.standard["tables"][table]
        inherited = self.fields(known["extends"]) if "extends" in known else set(self.model.standard["system_fields"])
        return {*known["fields"], *self._added(table), *inherited}

    def _added(self, table: str) -> Iterator[str]:
        for name, root in self.model.of("AxTableExtension").items():
            if name.partition(".")[0] == table:
                yield from (text(field, "Name") for field in root.findall("Fields/AxTableField"))

    def members(self, owner: str) -> set[str]:
        """Static and other methods of a class or table, or the symbols of an enumeration."""
        standard = self.model.standard
        if owner in standard["enums"]:
            return set(standard["enums"][owner]["symbols"])
        known = standard["classes"].get(owner, standard["tables"].get(owner, {}))
        own = {**self.model.of("AxClass"), **self.model.of("AxTable"), **self.model.of("AxDataEntityView")}.get(owner)
        buffer = set(standard["buffer_methods"]) if owner in self.tables | self.entities else set()
        inherited = self._inherited(own) if own is not None else set()
        return {*known.get("methods", []), *(_methods(own) if own is not None else []), *buffer, *inherited}

    def _inherited(self, root: Element) -> set[str]:
        words = text(root, "SourceCode/Declaration").split()
        base = words[words.index("extends") + 1] if "extends" in words else ""
        return self.members(base) if base and base.lower() != "common" else set()


def data_sources(entity: Element) -> dict[str, Element]:
    """An entity's data sources by their names."""
    tree = entity.find("ViewMetadata/DataSources")
    found = [] if tree is None else [node for node in tree.iter() if node.tag.endswith("DataSource") and len(node)]
    return {text(node, "Name"): node for node in found}


def _methods(root: Element) -> list[str]:
    return [text(method, "Name") for method in root.findall("SourceCode/Methods/Method")]
