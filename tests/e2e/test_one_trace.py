"""One trace leads from a dealer's click to D365 and back to what the dealer sees, through all processes."""

import json
import re
import uuid
from collections import Counter
from pathlib import Path

from case_shared.process.telemetry import trace_id_of
from tests.e2e.test_live_pages import signed_in
from tests.integration.portal_web.conftest import CASES
from tests.support.eventually import eventually
from tests.support.stack import Stack
from tests.support.traces import Collector, SeenSpan

DEALER = "usmf-us-001"
D365 = "/data/DealerPortalCases"
THERE = {
    ("portal-web", "POST /dealers/{dealer}/cases/{web_case_id}/submit"),
    ("portal-web", "POST"),
    ("case-api", "POST /v1/dealers/{dealer}/cases/{web_case_id}/submission"),
    ("case-api", "submit"),
    ("case-api", "submit_cases"),
    ("case-api", "outbox case.submitted.v1"),
    ("case-api", "send case.submitted.v1"),
    ("d365-sync", "process case.submitted.v1"),
    ("d365-sync", "take_in"),
    ("d365-sync", "claim"),
}
POSTED = {("d365-sync", "deliver"), ("d365-sync", f"POST {D365}")}
BACK = {
    ("d365-sync", "outbox case.delivery.v1"),
    ("d365-sync", "send case.delivery.v1"),
    ("case-api", "process case.delivery.v1"),
    ("status-sync", "process case.delivery.v1"),
    ("status-sync", "read due cases"),
    ("status-sync", f"GET {D365}"),
    ("status-sync", "apply read"),
    ("status-sync", "outbox case.status-changed.v1"),
    ("status-sync", "send case.status-changed.v1"),
    ("d365-sync", "process case.status-changed.v1"),
}


async def submit_in_the_portal(stack: Stack, user: str) -> str:
    """A dealer writes a case in the portal, and clicks; returns its Web Case ID."""
    async with stack.dealer(DEALER) as dealer, signed_in(stack, user) as browser:
        chosen = await dealer.category()
        web_case_id = await browser.draft(category=f"{chosen['category_type']}:{chosen['category']}")
        question = await browser.get(f"{CASES}/{web_case_id}/edit?ask=submit")
        answer = await browser.send(question, f"{CASES}/{web_case_id}/submit", follow=False)
        assert answer.status_code == 303, answer.text
        return web_case_id


async def trace_from(collector: Collector, web_case_id: str) -> str:
    """The trace that began with the click."""

    async def begun() -> SeenSpan | None:
        clicks = (one for one in collector.spans if one.name.endswith("/submit") and one.service == "portal-web")
        return next((one for one in clicks if web_case_id in one.attributes["url.path"]), None)

    found = await eventually(begun)
    assert found is not None
    assert found.parent == ""
    return found.trace


async def followed(collector: Collector, trace: str, expected: set[tuple[str, str]]) -> list[SeenSpan]:
    """The spans of the trace, once all of these have come."""

    async def seen() -> set[tuple[str, str]]:
        return {(one.service, one.name) for one in collector.of(trace)}

    await eventually(seen, expected.issubset, within_seconds=30)
    return collector.of(trace)


async def test_one_trace_leads_from_the_click_to_d365_and_back(stack: Stack, collector: Collector) -> None:
    web_case_id = await submit_in_the_portal(stack, "dana")
    async with stack.dealer(DEALER) as dealer:
        await dealer.until(web_case_id, submission_state="delivered", status="submitted")
    trace = await trace_from(collector, web_case_id)
    spans = await followed(collector, trace, THERE | POSTED | BACK)

    async def orphans() -> list[SeenSpan]:
        known = {one.id for one in collector.of(trace)}
        return [one for one in collector.of(trace) if one.parent and one.parent not in known]

    assert await eventually(orphans, lambda found: not found) == []
    assert [one.name for one in spans if not one.parent] == ["POST /dealers/{dealer}/cases/{web_case_id}/submit"]
    [posted] = [one for one in spans if one.name == f"POST {D365}"]
    assert posted.attributes["http.request.method"] == "POST"
    assert posted.attributes["http.response.status_code"] == 201
    [asked] = [one for one in spans if one.name == "POST /v1/dealers/{dealer}/cases/{web_case_id}/submission"]
    assert asked.attributes["http.route"] == "/v1/dealers/{dealer}/cases/{web_case_id}/submission"
    [sent] = [one for one in spans if one.name == "send case.submitted.v1"]
    assert sent.attributes["messaging.system"] == "kafka"
    assert sent.attributes["messaging.destination.name"] == "case.submitted.v1"
    [stored] = [one for one in spans if one.name == "submit_cases"]
    assert stored.attributes["db.system.name"] == "postgresql"
    expected = {name: {trace} for name in ("case_submitted", "document_ended", "case_status_changed")}

    async def logged() -> dict[str, set[str]]:
        """The stack reads what its parts print, and writes it into their logs a moment later."""
        return lines_of(stack.data_dir, web_case_id)

    await eventually(logged, lambda found: found.keys() >= expected.keys())
    assert await logged() == expected


async def test_a_look_up_is_part_of_it(stack: Stack, collector: Collector) -> None:
    async with stack.dealer(DEALER) as dealer, stack.clerk() as clerk:
        rule = {"kind": "drop", "operation": "create", "count": 1}
        fault = await clerk.http.post("/_sandbox/faults", json=rule)
        assert fault.is_success, fault.text
        headers = {"traceparent": f"00-{uuid.uuid4().hex}-b7ad6b7169203331-01"}
        dealer.http.headers.update(headers)
        web_case_id = (await dealer.submitted(uuid.uuid4().hex))["web_case_id"]
        await dealer.until(web_case_id, submission_state="delivered")
    trace = trace_id_of(headers["traceparent"])
    assert trace is not None
    spans = await followed(collector, trace, (THERE | POSTED | BACK | {("d365-sync", "look up")}) - portal())
    assert any(one.failed for one in spans if one.name == f"POST {D365}")


def portal() -> set[tuple[str, str]]:
    return {one for one in THERE if one[0] == "portal-web"}


async def test_names_of_spans_are_few_and_probes_are_not_traced(stack: Stack, collector: Collector) -> None:
    async with stack.dealer(DEALER) as dealer:
        ids = [(await dealer.submitted(uuid.uuid4().hex))["web_case_id"] for _ in range(3)]
        for web_case_id in ids:
            await dealer.until(web_case_id, submission_state="delivered")
        for path in ("/unmade/1", "/unmade/2"):
            await dealer.http.get(path)

    async def unmatched() -> int:
        return sum(one.attributes.get("url.path", "").startswith("/unmade") for one in collector.spans)

    await eventually(unmatched, lambda found: found == 2)
    names = Counter(one.name for one in collector.spans)
    assert len(names) < 150, names.most_common()
    assert [name for name in names if DEALER in name or re.search(r"\b[0-9A-HJKMNP-TV-Z]{9,}\b", name)] == []
    assert not {name for name in names if re.search("healthz|readyz|metrics|made", name)}


def lines_of(data_dir: Path, web_case_id: str) -> dict[str, set[str]]:
    """The traces of all log lines about a case, by what the line says; every line of any case has one."""
    found: dict[str, set[str]] = {}
    for log in (data_dir / "logs").glob("*.log"):
        for line in log.read_text().splitlines(keepends=True):
            # The last one may not be written to its end.
            if "web_case_id" not in line or not line.startswith("{") or not line.endswith("\n"):
                continue
            said = json.loads(line)
            if "web_case_id" in said:
                assert said.get("trace_id"), line
                if said["web_case_id"] == web_case_id:
                    found.setdefault(said["message"], set()).add(said["trace_id"])
    return found
