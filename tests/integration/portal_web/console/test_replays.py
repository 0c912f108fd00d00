"""The console's replays of many documents."""

from tests.integration.d365_sync.conftest import Queue
from tests.integration.portal_web.conftest import Browser
from tests.support.eventually import eventually


async def test_dead_letters_of_an_age_are_replayed_together(olga: Browser, queue: Queue, dead_letter: str) -> None:
    await queue.pool.execute("UPDATE documents SET submitted_at = submitted_at - interval '2 hours'")
    form = await olga.get("/console/replays/new?older_than_seconds=3600")
    assert "Older than" in form.text

    ordered = await olga.send(form, "/console/replays/new", reason="a test")

    assert (ordered.status_code, ordered.url.path) == (200, f"/console/replays/{ordered.url.path[-36:]}"), ordered.text
    shown = await eventually(lambda: olga.get(ordered.url.path), lambda page: dead_letter in page.text)
    assert dead_letter in shown.text


async def test_an_age_that_the_api_refuses_is_said(olga: Browser, dead_letter: str) -> None:
    form = await olga.get("/console/replays/new?older_than_seconds=nan")

    refused = await olga.send(form, "/console/replays/new", reason="a test")

    assert (refused.status_code, "unknown filter" in refused.text) == (422, True)
