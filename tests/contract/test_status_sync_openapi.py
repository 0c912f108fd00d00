"""status-sync's OpenAPI document tells D365's administrators what its endpoint takes."""

from pathlib import Path

from status_sync.__main__ import openapi

ROOT = Path(__file__).parents[2]


def test_each_operation_is_described_with_its_problems() -> None:
    paths = openapi()["paths"]
    (operation,) = (operation for item in paths.values() for operation in item.values())
    assert operation["summary"]
    assert operation["description"]
    assert {"202", "400", "401", "413", "503"} <= set(operation["responses"])
    assert "BusinessEventId" in str(operation["requestBody"])


def test_the_catalogue_has_our_problems() -> None:
    catalogue = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    for slug in ("not-an-event", "events-off", "unauthorized", "too-large", "unavailable"):
        assert f"| `{slug}` |" in catalogue
