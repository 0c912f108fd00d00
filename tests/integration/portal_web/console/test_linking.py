"""The search for the case that a document is linked to."""

import pytest

from d365_sync.app import search_d365
from tests.integration.d365_sync.conftest import Queue
from tests.integration.d365_sync.test_search_d365 import CASE, register
from tests.integration.portal_web.conftest import Browser
from tests.support.sandbox import Sandbox

MORE = "More cases match than are shown here. Narrow the search."
NONE = "D365 has no matching case of this dealer."


@pytest.mark.parametrize(
    ("newest", "shown"),
    [({}, 1), ({"CaseCategory": "Policy violation", "CategoryType": "Audit"}, 0)],
    ids=["shown", "hidden"],
)
async def test_a_search_says_that_more_cases_match(
    olga: Browser,
    queue: Queue,
    d365: Sandbox,
    dead_letter: str,
    monkeypatch: pytest.MonkeyPatch,
    newest: dict[str, str],
    shown: int,
) -> None:
    await register(queue)
    monkeypatch.setattr(search_d365, "_MOST", 1)
    for case in ({}, newest):
        await d365.control("POST", "/cases", {**CASE, **case, "Description": "pump drips"})

    page = await olga.get(f"/console/documents/{dead_letter}/link?q=pump")

    assert page.text.count("?case_id=") == shown
    assert (MORE in page.text, NONE in page.text) == (True, False)


async def test_a_search_that_shows_every_match_says_so(
    olga: Browser, queue: Queue, d365: Sandbox, dead_letter: str
) -> None:
    await register(queue)
    await d365.control("POST", "/cases", {**CASE, "Description": "pump drips"})

    for text, said in (("pump", (False, False)), ("nothing like it", (False, True))):
        page = await olga.get(f"/console/documents/{dead_letter}/link", params={"q": text})
        assert (MORE in page.text, NONE in page.text) == said
