"""The console's replays of many documents."""

import re
from functools import partialmethod

import pytest

from portal_web.clients.operators_api import OperatorsApi
from tests.integration.d365_sync.conftest import Queue, submitted
from tests.integration.d365_sync.test_replays import runner, running
from tests.integration.portal_web.conftest import Browser
from tests.support.eventually import eventually

__all__ = ["runner", "running"]
NOTHING_LEFT = "None of these documents is still failed, so nothing is left to replay."


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


@pytest.mark.usefixtures("running")
async def test_the_last_page_of_a_dry_run_does_not_speak_for_the_others(
    olga: Browser, queue: Queue, dead_letter: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = submitted()
    await queue.take_in(newer)
    await queue.until(newer, "failed")
    form = await olga.get("/console/replays/new?cause=rejected")
    run = (await olga.send(form, "/console/replays/new", reason="a test", cause="rejected")).url.path
    await eventually(lambda: olga.get(run), lambda page: f"{run}/for-real" in page.text)
    await discard(olga, f"{newer.web_case_id}-1")
    with monkeypatch.context() as patched:
        patched.setattr(OperatorsApi, "replay", partialmethod(OperatorsApi.replay, limit=1))
        following = re.search(r'href="([^"]+)" rel="next"', (await olga.get(run)).text)
        assert following
        last = (await olga.get(following[1])).text

    assert (dead_letter in last, newer.web_case_id in last) == (False, True)
    assert (NOTHING_LEFT in last, f"{run}/for-real" in last) == (False, True)
    await discard(olga, dead_letter)
    assert NOTHING_LEFT in (await olga.get(run)).text


async def discard(operator: Browser, document: str) -> None:
    """Discard a document."""
    path = f"/console/documents/{document}/discard"
    assert (await operator.send(await operator.get(path), path, reason="a test")).status_code == 200
