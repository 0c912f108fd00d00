"""D365 shortens a text that it stores: still delivered, reported to operators, and the dealer keeps the original."""

import json

import pytest

from case_shared.words.events import CaseContent
from tests.integration.d365_sync.conftest import Queue, submitted
from tests.integration.d365_sync.operators import Api
from tests.support.eventually import eventually
from tests.support.sandbox import Sandbox

SENT = "Loader's pump leaks at the flange"
CUT = {"field": "description", "sent": SENT, "stored": SENT[:20]}


@pytest.fixture(autouse=True)
async def _cuts(d365: Sandbox) -> None:
    await d365.control("PATCH", "/settings", {"lengths": {"Description": 20}, "too_long": "cut"})


@pytest.mark.parametrize("how", ["answer", "look_up", "evidence"])
async def test_what_d365_shortened_is_an_alarm_however_the_delivery_is_known(
    api: Api, queue: Queue, d365: Sandbox, how: str
) -> None:
    content = CaseContent(category="Warranty", category_type="Service", description=SENT, notes="a\nb ")
    event = submitted(content=content)
    if how != "answer":
        await d365.fault(kind="drop", operation="create", when="after_commit", count=1)
    if how == "evidence":
        # Hides the case from look-ups alone: how D365 stored it is read by its Case ID.
        await d365.fault(kind="empty_list", operation="read", web_case_id=event.web_case_id, id="blind")
    await queue.take_in(event)
    if how == "evidence":
        await queue.until(event, "verifying")
        (case,) = [one for one in await d365.cases() if one["WebCaseId"] == event.web_case_id]
        seen = (event.web_case_id, event.submission_id, case["CaseId"])
        await queue.dispatcher.documents.deliver_by_evidence([seen])
        await d365.control("DELETE", "/faults/blind")
    document = f"{event.web_case_id}-1"
    await queue.until(event, "delivered")
    alarmed = await eventually(lambda: api.get(f"/documents/{document}"), lambda one: bool(one["alarm"]))

    assert (alarmed["state"], alarmed["alarm"], alarmed["differences"]) == ("delivered", "stored_differently", [CUT])
    (listed,) = (await api.get("/documents", state="delivered", alarm="stored_differently"))["items"]
    assert (listed["id"], listed["differences"]) == (document, [CUT])

    ended = await api.act(document, "acknowledge", {"reason": "the rest is in an e-mail"})
    assert (ended["alarm"], ended["differences"]) == (None, [CUT])


async def test_a_cut_through_an_emoji_is_shown(api: Api, queue: Queue) -> None:
    text = "Loader's pump leaks" + "\U0001f527 badly"  # the 20th UTF-16 unit is half of it
    event = submitted(content=CaseContent(category="Warranty", category_type="Service", description=text))
    await queue.take_in(event)
    await queue.until(event, "delivered")

    (difference,) = (await api.get(f"/documents/{event.web_case_id}-1"))["differences"]
    assert (difference["sent"], difference["stored"]) == (text, "Loader's pump leaks\ufffd")


async def test_what_was_stored_as_sent_is_no_alarm(api: Api, queue: Queue) -> None:
    event = submitted(content=CaseContent(category="Warranty", category_type="Service", description="short \n"))
    await queue.take_in(event)
    await queue.until(event, "delivered")

    whole = await api.get(f"/documents/{event.web_case_id}-1")
    assert (whole["alarm"], whole["differences"]) == (None, [])


async def test_a_read_that_fails_is_made_later(queue: Queue, d365: Sandbox) -> None:
    event = submitted()
    await queue.take_in(event)
    await queue.until(event, "delivered")
    await d365.fault(kind="status", status=503, operation="read", id="away")
    await queue.pool.execute("UPDATE documents SET compare_at = now()")

    assert await queue.dispatcher.compare_stored() is False

    assert await queue.pool.fetchval("SELECT compare_at > now() + interval '30 seconds' FROM documents")


async def test_the_texts_go_when_the_payload_does(queue: Queue) -> None:
    event = submitted(content=CaseContent(category="Warranty", category_type="Service", description=SENT))
    await queue.take_in(event)
    await queue.until(event, "delivered")

    await queue.pool.execute("SELECT d365_sync.empty_personal_data($1)", [event.web_case_id])

    row = await queue.document(event)
    assert SENT[:10] not in json.dumps(row, default=str)
    assert row["differences"] == [{"field": "description", "sent": None, "stored": None}]
    assert row["alarms"] == ["stored_differently"]
