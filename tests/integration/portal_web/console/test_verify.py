"""`Verify now` says what D365 answered, and nothing before it has answered."""

import html

import pytest

from d365_sync.app import verify
from tests.integration.d365_sync.conftest import Queue
from tests.integration.portal_web.conftest import Browser

PAUSED = """
UPDATE delivery_control SET paused = true, paused_by = 'rudi', paused_at = now(), paused_reason = 'patches'
"""
MAINTENANCE = """
INSERT INTO delivery_windows (begins_at, ends_at, reason, created_by)
VALUES (now(), now() + interval '2 hours', 'patches', 'rudi')
"""
REFUSED = """
UPDATE delivery_control SET d365_url = 'https://former.example', refused_url = 'https://now.example'
"""


async def test_a_look_up_says_what_d365_answered(olga: Browser, dead_letter: str) -> None:
    done = await verified(olga, dead_letter)
    assert "Casebridge asked D365." in done
    assert "Not in D365" in done


@pytest.mark.parametrize(
    ("stopped", "why"),
    [
        (PAUSED, "An operator paused delivery"),
        (MAINTENANCE, "Maintenance until"),
        (REFUSED, "Nothing is sent: D365_URL names a different environment than before"),
    ],
    ids=["paused", "maintenance", "refused"],
)
async def test_a_look_up_that_waits_repeats_no_older_answer(
    olga: Browser, queue: Queue, dead_letter: str, monkeypatch: pytest.MonkeyPatch, stopped: str, why: str
) -> None:
    await verified(olga, dead_letter)
    monkeypatch.setattr(verify, "_WAIT_SECONDS", 0.2)
    await queue.pool.execute(stopped)

    waits = await verified(olga, dead_letter)

    assert "The look-up has no result yet." in waits
    assert why in waits
    assert "It runs by itself" in waits
    assert ("asked D365" in waits, "Not in D365" in waits) == (False, False)


async def verified(operator: Browser, document: str) -> str:
    """Order a look-up; returns the notice on the page that follows."""
    path = f"/console/documents/{document}"
    done = await operator.send(await operator.get(f"{path}/verify"), f"{path}/verify", reason="is it there?")
    assert (done.status_code, done.url.path) == (200, path), done.text
    return html.unescape(done.text.partition('role="status">')[2].partition('aria-labelledby="do"')[0])
