"""Grafana's dashboards are what their panels say, and ask for recording rules that there are."""

import json

import pytest

from tests.support.dashboards import DASHBOARDS, FOLDER, documents, recorded


@pytest.mark.parametrize("name", [f"{name}.json" for name in DASHBOARDS])
def test_a_dashboard_is_as_it_is_committed(name: str) -> None:
    assert (FOLDER / name).read_text() == documents()[name], "run `make dashboards`"


def test_panels_have_queries_that_can_be_distinguished() -> None:
    for panels in DASHBOARDS.values():
        assert len({panel.title for panel in panels}) == len(panels)
        for panel in panels:
            assert panel.queries, panel.title
            for query in panel.queries.values():
                assert query.count("(") == query.count(")"), query


def test_recording_rules_that_are_asked_for_exist() -> None:
    asked, exist = recorded()
    assert asked <= exist


def test_they_are_valid_json_with_one_data_source() -> None:
    for text in documents().values():
        dashboard = json.loads(text)
        assert {one["datasource"]["uid"] for one in dashboard["panels"]} == {"${datasource}"}
        assert dashboard["uid"].startswith("casebridge-")
