"""The console offers exactly what the API allows."""

import itertools
import re

from d365_sync.domain.document import Action, Alarm, State
from d365_sync.domain.permissions import Situation, allowed_actions
from tests.integration.d365_sync.conftest import Queue
from tests.integration.d365_sync.test_permitted import stand
from tests.integration.portal_web.conftest import Browser, Portal, address_of

ASKS_FOR_A_REASON = '<textarea id="reason"'


async def test_a_document_offers_what_the_api_allows(queue: Queue, olga: Browser, dead_letter: str) -> None:
    await queue.pool.execute("UPDATE delivery_control SET paused = true")
    for state, leased, emptied in itertools.product(State, (False, True), (False, True)):
        await stand(queue.pool, dead_letter, state, leased=leased, emptied=emptied, alarmed=emptied)
        page = (await olga.get(f"/console/documents/{dead_letter}")).text

        now = Situation(state, leased, emptied, alarmed=emptied, doubled=emptied)
        expected: set[str] = set(allowed_actions(now))
        if Action.REPLAY in expected:
            expected.add("edit")
        if emptied:
            expected.discard(Action.REPLAY)  # its button leads to the form for a payload
        assert offered(page, dead_letter) == expected, (state, leased, emptied)


async def test_what_needs_a_payload_leads_to_the_form_for_it(queue: Queue, olga: Browser, dead_letter: str) -> None:
    await stand(queue.pool, dead_letter, State.FAILED, leased=False, emptied=True, alarmed=False)

    answer = await olga.get(f"/console/documents/{dead_letter}/replay")

    assert answer.url.path == f"/console/documents/{dead_letter}/edit"
    assert (await olga.get(f"/console/documents/{dead_letter}")).text.count('aria-describedby="why-replay"') == 1


async def test_what_is_not_allowed_says_why_and_asks_for_nothing(queue: Queue, olga: Browser, dead_letter: str) -> None:
    await stand(queue.pool, dead_letter, State.FAILED, leased=True, emptied=False, alarmed=False)
    for action in ("replay", "return", "discard"):
        page = (await olga.get(f"/console/documents/{dead_letter}/{action}")).text
        assert ASKS_FOR_A_REASON not in page
        assert "looking it up" in page
        assert "emptied" not in page


async def test_who_may_only_read_is_offered_nothing(
    portal: Portal, queue: Queue, olga: Browser, dead_letter: str
) -> None:
    await stand(queue.pool, dead_letter, State.DELIVERED, leased=False, emptied=False, alarmed=True)
    assert Alarm.SECOND_CASE in (await queue.pool.fetchval("SELECT alarms FROM documents WHERE alarms <> '{}'"))
    assert offered((await olga.get(f"/console/documents/{dead_letter}")).text, dead_letter) == {"link", "acknowledge"}
    new = await olga.get("/console/replays/new?cause=rejected")
    ordered = await olga.send(new, "/console/replays/new", reason="a test", cause="rejected")
    assert "/for-real" not in ordered.text

    async with portal.browser() as rudi:
        await rudi.sign_in("rudi", "/console")
        assert offered((await rudi.get(f"/console/documents/{dead_letter}")).text, dead_letter) == set()
        replay = (await rudi.get(ordered.url.path)).text
        assert re.findall(rf'href="{ordered.url.path}/\w+', replay) == []


async def test_what_was_done_is_said_once(olga: Browser, dead_letter: str) -> None:
    path = f"/console/documents/{dead_letter}"
    done = await olga.send(await olga.get(f"{path}/discard?group_cause=rejected"), f"{path}/discard", reason="a test")
    assert done.text.count("The document was discarded.") == 1
    noted = await olga.send(done, f"{path}/notes", text="a note")
    assert "The note was added." in noted.text
    for later in (address_of(noted), f"{path}?done=restore"):
        page = await olga.get(later)
        assert 'class="message good"' not in page.text, "an address does not say what was done"


def offered(page: str, document: str) -> set[str]:
    """The actions that the document's page offers."""
    return set(re.findall(rf'href="/console/documents/{document}/([a-z]+)["?]', page))
