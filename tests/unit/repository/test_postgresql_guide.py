"""The numbers of docs/postgresql.md are those of the settings."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.settings_document import PROGRAMS, SERVICES

GUIDE = (Path(__file__).parents[3] / "docs/postgresql.md").read_text()
ROWS = dict(re.findall(r"^\| ([a-z0-9-]+) \| (`[A-Z_`+ ]+`) \| \d+ \|$", GUIDE, re.MULTILINE))


def connections(service: str) -> int:
    """The most that a replica opens with its defaults."""
    fields: Any = PROGRAMS[service].model_fields
    return sum(fields[name.lower()].default for name in re.findall(r"[A-Z_]+", ROWS[service]))


@pytest.mark.parametrize("service", SERVICES)
def test_the_guide_says_how_many_connections_a_replica_opens(service: str) -> None:
    assert f"| {service} | {ROWS[service]} | {connections(service)} |" in GUIDE
    pools = {name for name in PROGRAMS[service].model_fields if name.endswith("_pool_size")}
    assert {name.lower() for name in re.findall(r"[A-Z_]+", ROWS[service])} == pools


def test_the_guide_adds_them_up() -> None:
    [(both, room)] = re.findall(r"Two replicas of each need (\d+)\..*?`max_connections = (\d+)`", GUIDE, re.DOTALL)
    assert int(both) == 2 * sum(connections(service) for service in SERVICES)
    assert int(room) > int(both) + max(map(connections, SERVICES)) + 2
