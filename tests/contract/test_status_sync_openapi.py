"""status-sync's committed OpenAPI document is the one that it has.

To renew it: `python -m status_sync openapi > docs/openapi/status-sync.json`.
"""

from pathlib import Path

import orjson

from status_sync import wiring

ROOT = Path(__file__).parents[2]


def test_the_committed_document_is_the_services() -> None:
    committed = (ROOT / "docs/openapi/status-sync.json").read_text(encoding="utf-8")
    assert committed.strip() == wiring.openapi_document().strip()


def test_each_operation_is_described_with_its_problems() -> None:
    paths = orjson.loads(wiring.openapi_document())["paths"]
    (operation,) = (operation for item in paths.values() for operation in item.values())
    assert operation["summary"]
    assert operation["description"]
    assert {"202", "400", "401", "413", "503"} <= set(operation["responses"])
    assert "BusinessEventId" in str(operation["requestBody"])


def test_the_catalogue_has_our_problems() -> None:
    catalogue = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    for slug in ("not-an-event", "events-off", "unauthorized", "too-large", "unavailable"):
        assert f"| `{slug}` |" in catalogue
