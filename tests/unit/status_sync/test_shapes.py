"""An event in each shape in which D365, Dataverse and Azure send it names the same case."""

import base64
from typing import Any

import orjson
import pytest

from case_shared.d365.mapping import Mapping
from case_shared.words.errors import UnreadableRecord
from status_sync.domain.due_reads import CaseKey, KeyKind
from status_sync.domain.recognition import Recognition
from tests.unit.status_sync.test_recognition import BY_CASE_ID, CAPTURED

OURS = "https://contoso.operations.dynamics.com"
PAIRS = [{"key": name, "value": value} for name, value in CAPTURED.items()]
# Captured contexts have these besides the parameters (Learn, "Use webhooks to create external handlers").
CONTEXT: dict[str, Any] = {
    "BusinessUnitId": "c5b1a4e5-0f3c-ec11-8c62-000d3a7d1b2c",
    "CorrelationId": "8b1a0f1c-5f4e-4a8e-9f5a-0c6f5a1a2b3c",
    "Depth": 1,
    "InitiatingUserId": "0d1e2f3a-4b5c-6d7e-8f90-a1b2c3d4e5f6",
    "IsolationMode": 1,
    "MessageName": "mserp_CaseStatusChangedBusinessEvent",
    "OrganizationName": "contoso",
    "OutputParameters": [],
    "PostEntityImages": [],
    "PreEntityImages": [{"key": "PreImage", "value": {"Attributes": [{"key": "CaseId", "value": "OLD-1"}]}}],
    "PrimaryEntityName": "none",
    "SharedVariables": [],
}
CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "1",
    "type": "d365.case",
    "source": "/subscriptions/1",
    "datacontenttype": "application/json",
}
SHAPES: dict[str, dict[str, Any]] = {
    "plain": CAPTURED,
    "data": {"data": CAPTURED},
    "a JSON text in data": {"data": orjson.dumps(CAPTURED).decode()},
    "dataverse": {**CONTEXT, "InputParameters": PAIRS},
    "dataverse, attributes of a record": {
        **CONTEXT,
        "InputParameters": [{"key": "Target", "value": {"LogicalName": "none", "Attributes": PAIRS}}],
    },
    "dataverse, attributes as an object": {
        **CONTEXT,
        "InputParameters": [{"key": "T", "value": {"Attributes": CAPTURED}}],
    },
    "dataverse, parameters as an object": {**CONTEXT, "InputParameters": CAPTURED},
    "dataverse's own names": {
        **CONTEXT,
        "InputParameters": [{"key": f"mserp_{name.lower()}", "value": value} for name, value in CAPTURED.items()],
    },
    "a data event of Dataverse": {
        **CONTEXT,
        "MessageName": "Update",
        "InputParameters": [
            {
                "key": "Target",
                "value": {
                    "LogicalName": "mserp_dealerportalcaseentity",
                    "Attributes": [
                        {"key": "mserp_dataareaid", "value": "usmf"},
                        {"key": "mserp_caseid", "value": "CAS-000017"},
                    ],
                },
            }
        ],
    },
    "event grid": {
        "id": "1",
        "topic": "/subscriptions/1",
        "subject": "usmf",
        "eventType": "CaseStatusChangedBusinessEvent",
        "eventTime": "2026-11-28T00:00:00Z",
        "dataVersion": "1",
        "data": CAPTURED,
    },
    "cloud event": {**CLOUD_EVENT, "data": CAPTURED},
    "cloud event, base64": {**CLOUD_EVENT, "data_base64": base64.b64encode(orjson.dumps(CAPTURED)).decode()},
    "dataverse in a cloud event": {**CLOUD_EVENT, "data": {**CONTEXT, "InputParameters": PAIRS}},
    "the id at the top, the case below": {
        "BusinessEventId": "CaseStatusChangedBusinessEvent",
        "data": {"BusinessEventLegalEntity": "usmf", "CaseId": "CAS-000017"},
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_names_the_case(shape: str) -> None:
    found = Recognition(Mapping(), [OURS]).read(orjson.dumps(SHAPES[shape]))
    assert (found.case, found.environment, found.test) == (BY_CASE_ID, None, False)
    assert found.expected is (shape != "a data event of Dataverse")


@pytest.mark.parametrize(
    "event",
    [
        {"data": {}},
        {"data": None},
        {"data": "no JSON"},
        {"data_base64": "no base64"},
        {"data": [CAPTURED]},
        {"InputParameters": [{"key": "BusinessEventId"}, 5, None, {"value": "x"}]},
        {"InputParameters": "x"},
        {"MessageName": "Update", "InputParameters": []},
        {**CLOUD_EVENT, "data": {"CaseId": "CAS-000017"}},
        {"preimage": CAPTURED},
    ],
)
def test_what_names_neither_event_nor_case_is_unreadable(event: dict[str, Any]) -> None:
    with pytest.raises(UnreadableRecord, match="BusinessEventId"):
        Recognition(Mapping()).read(orjson.dumps(event))


def test_fields_that_are_nested_without_end_are_looked_for_so_deep_only() -> None:
    event: dict[str, Any] = CAPTURED
    for _ in range(200):
        event = {"data": event}
    with pytest.raises(UnreadableRecord):
        Recognition(Mapping()).read(orjson.dumps(event))


@pytest.mark.parametrize(
    "change",
    [
        {"BusinessEventId": "BusinessEventsTestEndpointContract", "ControlNumber": 5},
        {"BusinessEventId": "", "ControlNumber": -(2**63)},
        {"BusinessEventId": "X", "ControlNumber": str(-(2**63))},
    ],
)
def test_the_test_of_an_endpoint_is_recognized(change: dict[str, Any]) -> None:
    for event in (CAPTURED | change, {"data": CAPTURED | change}):
        assert Recognition(Mapping()).read(orjson.dumps(event)).test


@pytest.mark.parametrize(
    ("change", "environment"),
    [
        ({"EnvironmentUrl": f"{OURS.upper()}/data"}, None),
        ({"EnvironmentUrl": f"{OURS}:443"}, None),
        ({"EnvironmentUrl": "https://contoso-uat.operations.dynamics.com/"}, "contoso-uat.operations.dynamics.com"),
        ({"D365Environment": "http://127.0.0.1:8365"}, "127.0.0.1:8365"),
        ({"Environment": "Production"}, None),
        ({"EnvironmentUrl": "https://["}, None),
        ({"source": "https://contoso-uat.operations.dynamics.com/usmf"}, "contoso-uat.operations.dynamics.com"),
        ({"source": "https://contoso.eventgrid.azure.net/x"}, None),
        ({"CustomerUrl": "https://customer.example"}, None),
        ({}, None),
    ],
)
def test_an_event_says_which_environment_it_comes_from(change: dict[str, Any], environment: str | None) -> None:
    recognition = Recognition(Mapping(), [f"{OURS}/"])
    assert recognition.read(orjson.dumps({"data": CAPTURED, **change})).environment == environment
    assert (
        recognition.read(orjson.dumps({**CONTEXT, "InputParameters": {**CAPTURED, **change}})).environment
        == environment
    )


def test_the_case_of_a_context_is_the_one_after_the_change() -> None:
    event = {**CONTEXT, "InputParameters": [{"key": "BusinessEventLegalEntity", "value": "usmf"}]}
    event["InputParameters"] += [{"key": "BusinessEventId", "value": "X"}, {"key": "CaseId", "value": "NEW-1"}]
    assert Recognition(Mapping()).read(orjson.dumps(event)).case == CaseKey("usmf", KeyKind.CASE_ID, "NEW-1")
