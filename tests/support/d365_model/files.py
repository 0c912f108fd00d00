"""The model's files, as text and parsed."""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).parents[3] / "deploy/d365"
PACKAGE = "Casebridge"
OBJECTS = f"{PACKAGE}/{PACKAGE}"
DESCRIPTOR = f"{PACKAGE}/Descriptor/{PACKAGE}.xml"
PROJECT = f"{PACKAGE}.rnrproj"
STANDARD = "standard-objects.toml"
LABEL_TEXTS = f"{OBJECTS}/AxLabelFile/LabelResources/en-US/{PACKAGE}.en-US.label.txt"

TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
Element = ElementTree.Element


def kind(element: Element) -> str:
    """The element's type: `i:type` if given, otherwise its tag."""
    return element.get(TYPE) or element.tag


def text(element: Element, path: str) -> str:
    """The text of a descendant; empty if it is missing."""
    return (element.findtext(path) or "").strip()


@dataclass(frozen=True)
class Model:
    """All files in `deploy/d365`, by their path there."""

    files: dict[str, str]

    def changed(self, path: str, old: str, new: str) -> "Model":
        """A copy with one text replaced, which must exist."""
        assert old in self.files[path], f"{path} has no {old!r}"
        return Model(self.files | {path: self.files[path].replace(old, new, 1)})

    def added(self, path: str, content: str) -> "Model":
        """A copy with one more file."""
        assert path not in self.files
        return Model(self.files | {path: content})

    @cached_property
    def objects(self) -> dict[str, Element]:
        """The root elements of the model's objects, by path, without malformed files."""
        found = {}
        for path, content in self.files.items():
            if path.startswith(f"{OBJECTS}/Ax") and path.endswith(".xml"):
                try:
                    found[path] = ElementTree.fromstring(content)
                except ElementTree.ParseError:
                    continue
        return found

    def of(self, folder: str) -> dict[str, Element]:
        """Objects of one kind, such as `AxTable`, by their names."""
        return self._by_folder.get(folder, {})

    @cached_property
    def _by_folder(self) -> dict[str, dict[str, Element]]:
        folders: dict[str, dict[str, Element]] = {}
        for path, root in self.objects.items():
            folders.setdefault(PurePosixPath(path).parent.name, {})[text(root, "Name")] = root
        return folders

    @cached_property
    def labels(self) -> dict[str, str]:
        """Label texts by ID."""
        pairs = re.findall(r"^([A-Za-z]\w*)=(.*)$", self.files[LABEL_TEXTS], re.MULTILINE)
        return dict(pairs)

    @cached_property
    def standard(self) -> dict[str, Any]:
        """What the model assumes in D365."""
        return tomllib.loads(self.files[STANDARD])


def load() -> Model:
    """The model in the repository."""
    paths = sorted(path for path in ROOT.rglob("*") if path.is_file())
    return Model({str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths})
