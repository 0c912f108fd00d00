"""case-api's OpenAPI document says all that a client needs, and its problem catalogue is documented."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from case_api.__main__ import openapi
from case_api.web.problems import CATALOGUE

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = openapi()
OPERATIONS = [
    pytest.param(operation, id=f"{method} {path}")
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_operation_is_described(operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert {"401", "403", "500", "503"} <= set(operation["responses"])


def test_each_reference_is_there_and_each_id_is_unique() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    references = re.findall(rb'"#/components/schemas/(\w+)"', orjson.dumps(DOCUMENT))
    assert {name.decode() for name in references} <= set(schemas)
    ids = [operation.values[0]["operationId"] for operation in OPERATIONS]  # type: ignore[index]
    assert len(ids) == len(set(ids))


def test_the_catalogue_is_documented() -> None:
    text = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \| ([^|]+) \|", text, re.MULTILINE)
    documented = {(slug, int(status), title.strip()) for slug, status, title in rows}
    assert documented >= {(slug, kind.status, kind.title) for slug, kind in CATALOGUE.items()}
