"""Each service's committed OpenAPI document is the one that it serves."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import case_api.__main__
import d365_sync.__main__
import status_sync.__main__

DOCUMENTS = Path(__file__).parents[2] / "docs" / "openapi"
SERVICES = {
    "case-api": case_api.__main__.openapi,
    "d365-sync": d365_sync.__main__.openapi,
    "status-sync": status_sync.__main__.openapi,
}


@pytest.mark.parametrize(("service", "openapi"), SERVICES.items())
def test_the_committed_document_is_current(service: str, openapi: Callable[[], dict[str, Any]]) -> None:
    committed = json.loads((DOCUMENTS / f"{service}.json").read_text(encoding="utf-8"))
    current = json.loads(json.dumps(openapi()))
    assert committed == current, f"run: {service} openapi > docs/openapi/{service}.json"
