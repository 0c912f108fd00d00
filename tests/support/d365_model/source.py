"""The names in the model's X++ code: each must be declared. This reads words and is not a compiler."""

import re
from collections.abc import Iterator

from tests.support.d365_model.files import Element, Model, text
from tests.support.d365_model.names import Names, data_sources

_NO_CODE = re.compile(r'///?.*|"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'')
_PRIMITIVE = {"boolean", "int", "int64", "real", "str", "void", "guid", "date", "utcdatetime", "container", "var"}
_WORDS = {
    *(
        "public",
        "private",
        "protected",
        "static",
        "final",
        "class",
        "extends",
        "return",
        "if",
        "else",
        "while",
        "throw",
    ),
    *(
        "select",
        "firstonly",
        "from",
        "where",
        "exists",
        "join",
        "new",
        "true",
        "false",
        "super",
        "this",
        "ttsbegin",
        "ttscommit",
        "as",
    ),
}
_DECLARED = re.compile(r"\b([A-Za-z]\w*)\s+(_?[a-z]\w*)\s*(?=[=;,)])")
_RETURNED = re.compile(r"\b(?:public|private|protected)\s+(?:static\s+)?([A-Za-z]\w*)\s+\w+\s*\(")
_STATIC = re.compile(r"\b([A-Za-z]\w*)::(\w+)")
_MEMBER = re.compile(r"\b(this|_?[a-z]\w*)\.(\w+)")
_CALLED = re.compile(r"(?<![\w.:])([a-z]\w*)\s*\(")
_NAMED = re.compile(r"\b(?:new|as|extends)\s+([A-Za-z]\w*)")
_ATTRIBUTE = re.compile(r"(?:^\s*\[|\)\s*,\s*)([A-Z]\w*)\b(?!::)", re.MULTILINE)
_INTRINSIC = re.compile(r"\b(classStr|tableStr|extendedTypeNum|enumNum|dataEntityDataSourceStr)\(([^)]*)\)")


def problems(model: Model) -> Iterator[str]:
    """Names in the code of classes, tables and entities that neither the model nor the list of standard objects has."""
    names = Names(model)
    for folder in ("AxClass", "AxTable", "AxDataEntityView"):
        for name, root in model.of(folder).items():
            yield from _Code(model, names, name, root).problems()


class _Code:
    def __init__(self, model: Model, names: Names, owner: str, root: Element) -> None:
        self._model, self._names, self._owner, self._root = model, names, owner, root
        self._declaration = _code(text(root, "SourceCode/Declaration"))
        self._members = dict(_variables(self._declaration))

    def problems(self) -> Iterator[str]:
        yield from self._of(self._declaration, "declaration", {})
        for method in self._root.findall("SourceCode/Methods/Method"):
            source, name = _code(text(method, "Source")), text(method, "Name")
            if not re.search(rf"\b{name}\s*\(", source.partition("{")[0]):
                yield f"{self._owner}: the method {name} has another name in its source"
            yield from self._of(source, name, dict(_variables(source)))

    def _of(self, code: str, method: str, variables: dict[str, str]) -> Iterator[str]:
        where = f"{self._owner}.{method}"
        known = self._members | variables
        wanted = [(kind, self._names.types | _PRIMITIVE) for kind in [*variables.values(), *_RETURNED.findall(code)]]
        wanted += [(name, {*self._names.types, "common"}) for name in _NAMED.findall(code)]
        wanted += [(name, set(self._model.standard["attributes"]["names"])) for name in _attributes(code)]
        wanted += [(name, self._callable(method)) for name in _CALLED.findall(code)]
        yield from (f"{where}: {name} is not known" for name, allowed in wanted if name not in allowed)
        yield from self._statics(code, where)
        yield from self._intrinsics(code, where)
        yield from self._accesses(code, where, known)

    def _callable(self, method: str) -> set[str]:
        return {*self._model.standard["functions"]["names"], *_WORDS, method}

    def _statics(self, code: str, where: str) -> Iterator[str]:
        for owner, member in _STATIC.findall(code):
            if owner not in self._names.types:
                yield f"{where}: {owner} is not known"
            elif member not in self._names.members(owner):
                yield f"{where}: {owner} has no {member}"

    def _intrinsics(self, code: str, where: str) -> Iterator[str]:
        names = self._names
        allowed = {
            "classStr": names.classes, "tableStr": names.tables, "extendedTypeNum": names.edts, "enumNum": names.enums,
            "dataEntityDataSourceStr": names.entities,
        }  # fmt: skip
        for function, arguments in _INTRINSIC.findall(code):
            name, *rest = [argument.strip() for argument in arguments.split(",")]
            if name not in allowed[function]:
                yield f"{where}: {function}({name}) is not known"
            elif rest and rest[0] not in data_sources(self._model.of("AxDataEntityView")[name]):
                yield f"{where}: {name} has no data source {rest[0]}"

    def _accesses(self, code: str, where: str, known: dict[str, str]) -> Iterator[str]:
        for variable, member in _MEMBER.findall(code):
            owner = self._owner if variable == "this" else known.get(variable)
            if owner is None:
                yield f"{where}: {variable} is not declared"
            elif owner in self._names.types - self._names.edts and member not in self._has(owner):
                yield f"{where}: {owner} has no {member}"

    def _has(self, owner: str) -> set[str]:
        if owner in self._names.tables:
            return self._names.fields(owner) | self._names.members(owner)
        entity = self._model.of("AxDataEntityView").get(owner)
        fields = (
            {text(field, "Name") for field in entity.findall("Fields/AxDataEntityViewField")}
            if entity is not None
            else set()
        )
        return fields | self._names.members(owner)


def _code(source: str) -> str:
    return _NO_CODE.sub(lambda match: "" if match[0].startswith("//") else '""', source)


def _variables(code: str) -> Iterator[tuple[str, str]]:
    yield from ((variable, kind) for kind, variable in _DECLARED.findall(code) if kind not in _WORDS)


def _attributes(code: str) -> list[str]:
    return _ATTRIBUTE.findall(re.split(r"\b(?:public|private)\b", code)[0])
