"""What the console's pages cost, and what they keep."""

from typing import Any

import pytest

from tests.integration.portal_web.conftest import Browser, Portal

MOST_CALLS = 3
PAGES = (
    "", "/now", "/ledger", "/ledger?d365=true", "/documents", "/documents?state=nonsense", "/documents/{0}",
    "/documents/{0}/replay", "/documents/{0}/edit", "/documents/{0}/link?q=pump", "/documents/{0}/link?case_id=C1",
    "/replays", "/replays/new?cause=rejected", "/unreadable", "/delivery", "/audit", "/dealers",
)  # fmt: skip


async def test_pages_need_three_calls_at_most(portal: Portal, olga: Browser, dead_letter: str) -> None:
    async with portal.database.connect() as connection:
        await connection.execute(
            "INSERT INTO status_sync.dealers (dealer, data_area_id, customer_account, name, active) "
            "VALUES ('usmf-us-001', 'usmf', 'US-001', 'Contoso Retail', true)"
        )
    asked = {}
    for page in PAGES:
        portal.api.asked.clear()
        answer = await olga.get("/console" + page.format(dead_letter))
        assert answer.status_code == (422 if "nonsense" in page else 200), answer.text
        asked[page] = list(portal.api.asked)
    assert {page: calls for page, calls in asked.items() if len(calls) > MOST_CALLS} == {}
    assert [page for page, calls in asked.items() if not calls] == ["/replays/new?cause=rejected"]


@pytest.mark.parametrize(
    ("page", "sent", "status"),
    [
        ("/documents/{0}/discard", {"reason": " "}, 422),
        ("/documents/{0}/discard", {"reason": "a test"}, 303),
        ("/documents/{0}/edit", {"category": ""}, 422),
        ("/documents/{0}/edit", {"category": "Warranty", "category_type": "Service"}, 200),
        ("/documents/{0}/edit/replay", {"category": "Warranty", "category_type": "Service", "reason": " "}, 422),
        ("/documents/{0}/notes", {"text": " "}, 422),
        ("/delivery/pause", {"reason": " "}, 422),
    ],
)
async def test_forms_need_three_calls_at_most(
    portal: Portal, olga: Browser, dead_letter: str, page: str, sent: dict[str, str], status: int
) -> None:
    form = await olga.get(f"/console/documents/{dead_letter}/discard")
    portal.api.asked.clear()

    answer = await olga.send(form, "/console" + page.format(dead_letter), follow=False, **sent)

    assert answer.status_code == status, answer.text
    assert 0 < len(portal.api.asked) <= MOST_CALLS, portal.api.asked


async def test_the_reason_that_was_typed_stays_while_one_goes_on_editing(olga: Browser, dead_letter: str) -> None:
    path = f"/console/documents/{dead_letter}/edit"
    form = await olga.get(path)
    edited: dict[str, Any] = {"category": "Warranty", "category_type": "Service", "description": "mended"}
    difference = await olga.send(form, path, **edited)
    again = await olga.send(difference, path, back="yes", **edited, reason="as the dealer said")
    difference = await olga.send(again, path, **edited)

    assert "as the dealer said</textarea>" in difference.text
