"""Every setting is documented, and every secret stays secret."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_settings import BaseSettings

from tests.support.settings_document import OTHERS, PROGRAMS, SECTIONS, document, owner

ROOT = Path(__file__).parents[3]
PACKAGES = ("case_shared", "case_api", "d365_sync", "status_sync", "portal_web", "casebridge", "d365_sandbox")
SECRET = re.compile(
    r"(^|_)(passwords?|secrets?|credentials?|connection_string|database_url|authorization|code_verifier"
    r"|(access_|refresh_|id_)?token|(private_|functions_|api_)key)$"
)
SETTINGS = [(settings, name) for settings in PROGRAMS.values() for name in settings.model_fields]


def classes() -> Iterator[type[Any]]:
    """Every class of our packages."""
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            if "__main__" in module.name or ".migrations" in module.name:
                continue
            for found in vars(importlib.import_module(module.name)).values():
                if inspect.isclass(found) and found.__module__ == module.name:
                    yield found


def is_text(kind: object) -> bool:
    return re.search(r"\bstr\b", str(kind)) is not None


def shown(one: type[Any]) -> Iterator[tuple[str, object]]:
    """Name and type of each field that the class's `repr` shows."""
    if issubclass(one, BaseModel):
        yield from ((name, field.annotation) for name, field in one.model_fields.items() if field.repr)
    elif dataclasses.is_dataclass(one) and one.__repr__ is not object.__repr__:
        yield from ((field.name, field.type) for field in dataclasses.fields(one) if field.repr)
    elif issubclass(one, tuple):
        yield from inspect.get_annotations(one).items()


def test_the_document_is_the_one_of_these_settings() -> None:
    assert (ROOT / "docs/settings.md").read_text() == document(), "run `make settings`"


def test_every_setting_says_what_it_means() -> None:
    sections = {one for classes in SECTIONS.values() for one in classes}
    assert [name for settings, name in SETTINGS if owner(settings, name) not in sections] == []
    means = [(name, settings.model_fields[name].description or "") for settings, name in SETTINGS]
    assert [name for name, text in means if not re.match(r"[`A-Z/a-z].*[.}]$", text)] == []


def test_no_settings_class_is_forgotten() -> None:
    known = {one for settings in PROGRAMS.values() for one in settings.__mro__}
    assert {one for one in classes() if issubclass(one, BaseSettings)} <= known


def test_every_other_variable_is_documented() -> None:
    read = re.compile(
        r'environ(?:\.get\(|\[)"([A-Z_]+)"(?!\] =)|envvar="([A-Z_]+)"|"([A-Z_]+)" (?:not )?in os\.environ'
    )
    sources = [*ROOT.glob("*/*/src/**/*.py"), *ROOT.glob("shared/src/**/*.py"), *ROOT.glob("deploy/*.py")]
    found = {name for source in sources for pair in read.findall(source.read_text()) for name in pair if name}
    assert len(found) > 5
    written = document()
    assert {name for name in found if f"`{name}`" not in written} == set()
    by_others = {"OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}  # OpenTelemetry's SDK
    assert OTHERS.keys() - found <= {"HTTPS_PROXY", "NO_PROXY", *by_others}  # case_shared/process/proxies.py


def test_every_secret_setting_hides_itself() -> None:
    secrets = [(settings.model_fields[name].annotation, name) for settings, name in SETTINGS if SECRET.search(name)]
    assert len(secrets) > 20
    assert [name for kind, name in secrets if is_text(kind) or "SecretStr" not in str(kind)] == []


def test_what_is_logged_shows_no_secret() -> None:
    fields = [(one, name) for one in classes() for name, kind in shown(one) if SECRET.search(name) and is_text(kind)]
    assert [f"{one.__module__}.{one.__name__}.{name}" for one, name in fields] == []
