"""What alerts and dashboards ask for, the running services really export; labels name no single thing."""

import re

import httpx2

from tests.support.dashboards import asked_metrics
from tests.support.eventually import eventually
from tests.support.stack import Stack

SERVICES = ("case-api", "d365-sync", "status-sync", "portal-web")
EVERYWHERE = {
    "casebridge_http_requests",
    "casebridge_http_request_duration_seconds",
    "casebridge_event_loop_delay_seconds",
    "casebridge_database_connections",
    "process_cpu_seconds",
}


async def scraped(stack: Stack) -> dict[str, str]:
    """The metrics of each service."""
    async with httpx2.AsyncClient() as client:
        return {name: (await client.get(f"{stack.urls[name]}/metrics")).text for name in SERVICES}


async def test_metrics_that_alerts_and_dashboards_ask_for_are_exported(stack: Stack) -> None:
    exported = {
        name: {one for one, _ in re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE)}
        for name, text in (await scraped(stack)).items()
    }
    anywhere = set().union(*exported.values())
    # The text format names counters with or without their suffix.
    assert {one for one in asked_metrics() if {one, one.removesuffix("_total")}.isdisjoint(anywhere)} == set()
    for service, names in exported.items():
        assert {one for one in EVERYWHERE if {one, f"{one}_total"}.isdisjoint(names)} == set(), service


async def test_labels_name_no_case_no_dealer_and_no_person(stack: Stack) -> None:
    async with stack.dealer("usmf-us-001") as dealer:
        web_case_id = (await dealer.submitted("metrics"))["web_case_id"]
        await dealer.case(web_case_id)
        await dealer.http.get(f"/made/up/{web_case_id}")
    for service, text in (await scraped(stack)).items():
        for named in (web_case_id, "usmf-us-001", "dora"):
            assert named not in text, service
    counted = {
        'route="/v1/dealers/{dealer}/cases/{web_case_id}/submission"',
        'method="GET",route="unmatched",status="4xx"',
    }

    async def missing() -> set[str]:
        """A request is counted once its answer is sent."""
        case_api = (await scraped(stack))["case-api"]
        return {one for one in counted if one not in case_api}

    await eventually(missing, lambda found: not found)
