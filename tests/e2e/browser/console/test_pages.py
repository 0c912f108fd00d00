"""What the console's pages say, to which users, and in which language; test_looks.py checks how they look."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.e2e.browser.axe import violations
from tests.e2e.browser.conftest import loaded, sign_out_elsewhere
from tests.e2e.browser.console.conftest import Operators
from tests.support.patience import PATIENCE


async def test_the_flow_is_clear_at_a_glance(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in() as page:
        await expect(page.get_by_text("Running, but something needs your attention")).to_be_visible()
        await expect(page.get_by_text("adds up")).to_be_visible()
        stages = page.get_by_role("list", name="Path of a case").get_by_role("heading")
        await expect(stages).to_have_count(5)
        await page.get_by_role("link", name="Documents failed and need an operator").click()
        await expect(page.get_by_role("link", name=document)).to_be_visible()


POLLED = """() => new Promise((done) => {
  document.addEventListener("htmx:after:swap", () => done(), { once: true });
})"""


async def test_a_table_that_is_open_stays_open(operators: Operators) -> None:
    async with operators.signed_in() as page:
        table = page.locator("#flow table")
        await page.get_by_text("The last hour as a table").click()
        await expect(table).to_be_visible()
        await page.evaluate(POLLED)
        await expect(table).to_be_visible()


async def test_who_may_only_read_learns_why(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in("rudi", to=f"/console/documents/{document}") as page:
        for name in ("Replay", "Edit and replay", "Discard", "Return to the dealer", "Verify now"):
            button = page.get_by_role("button", name=name, exact=True)
            await expect(button).to_be_disabled()
            await expect(button).to_have_accessible_description("You have read-only access.")
        await expect(page.get_by_label("Add a note")).to_have_count(0)
        await page.goto(f"/console/documents/{document}/discard")
        await expect(page.get_by_label("Reason")).to_have_count(0)
        await page.goto("/console/delivery")
        await expect(page.get_by_role("button", name="Pause delivery")).to_have_count(0)


async def test_a_dealer_has_no_console(operators: Operators) -> None:
    async with operators.signed_in("dana", to="/preferences") as page:
        answer = await page.goto("/console/documents")
        assert answer is not None
        assert answer.status == 403


async def test_a_note_stays_with_its_document(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in(to=f"/console/documents/{document}") as page:
        await page.get_by_label("Add a note").fill("The dealer <calls> back.")
        await page.get_by_role("button", name="Add").click()
        await expect(page.get_by_role("listitem").filter(has_text="The dealer <calls> back.")).to_be_visible()


async def test_maintenance_is_planned_and_ended_and_stands_in_the_audit(operators: Operators, tmp_path: Path) -> None:
    day = f"{datetime.now(UTC) + timedelta(days=90):%Y-%m-%d}"
    async with operators.signed_in(to="/console/delivery") as page:
        await page.get_by_label("From (empty means now)").fill(f"{day}T06:00")
        await page.get_by_label("Until").fill(f"{day}T09:00")
        await page.locator("#reason-plan").fill("D365 update 10.0.99")
        await page.get_by_role("button", name="Plan", exact=True).click()
        window = page.get_by_role("listitem").filter(has_text="D365 update 10.0.99")
        await window.get_by_text("Call off").first.click()
        await window.get_by_label("Reason").fill("postponed")
        await window.get_by_role("button", name="Call off").click()
        await expect(window.get_by_text("Called off")).to_be_visible()
        await page.goto("/console/audit?action=end_window")
        await expect(page.get_by_role("cell", name="postponed")).to_be_visible()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Export CSV").click()
        await (await download.value).save_as(tmp_path / "audit.csv")
    assert "end_window" in (tmp_path / "audit.csv").read_text()


@pytest.mark.parametrize(("language", "word"), [("de", "Dokumente"), ("is", "Skjöl")])
async def test_it_speaks_the_operator_s_language(operators: Operators, language: str, word: str) -> None:
    async with operators.signed_in(locale=language) as page:
        await expect(page.get_by_role("link", name=word, exact=True)).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("lang", language)


@pytest.mark.timeout(240 * PATIENCE)
async def test_a_picture_that_is_out_of_date_says_so(operators: Operators) -> None:
    async with operators.signed_in() as page:
        await expect(page.get_by_role("list", name="Path of a case")).to_be_visible()
        pid = operators.stack.processes()["d365-sync"].pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            await expect(page.get_by_role("alert")).to_contain_text("is not responding", timeout=60_000 * PATIENCE)
            assert await violations(page) == []
        finally:
            os.kill(pid, signal.SIGCONT)
        await expect(page.get_by_role("list", name="Path of a case")).to_be_visible(timeout=30_000 * PATIENCE)


async def test_a_flow_that_nobody_watches_signs_nobody_in_again(operators: Operators) -> None:
    async with operators.signed_in() as page:
        await loaded(page)
        await sign_out_elsewhere(page)
        await expect(page.locator("#signed-out")).to_contain_text("You have been signed out", timeout=30_000 * PATIENCE)
        await expect(page.get_by_role("list", name="Path of a case")).to_be_visible()
        await page.get_by_role("link", name="Sign in again").click()
        await page.get_by_role("button", name="olga").click()
        await expect(page.get_by_role("list", name="Path of a case")).to_be_visible()


async def test_a_page_that_is_not_ours_replaces_no_flow(operators: Operators) -> None:
    async def maintenance(route: Route) -> None:
        await route.fulfill(status=200, content_type="text/html", body="<p>maintenance</p>")

    async with operators.signed_in() as page:
        await page.route("**/console/now", maintenance)
        await expect(page.get_by_role("alert")).to_contain_text("is not responding", timeout=30_000 * PATIENCE)
        await expect(page.get_by_role("list", name="Path of a case")).to_be_visible()
        await page.unroute_all()
        await expect(page.get_by_role("alert")).to_have_count(0, timeout=30_000 * PATIENCE)


async def test_a_phone_shows_the_current_tab(operators: Operators) -> None:
    async with operators.signed_in(to="/console/audit", viewport={"width": 390, "height": 800}) as page:
        tabs = page.get_by_role("navigation", name="Console").get_by_role("link")
        await expect(tabs.filter(has_text="Flow")).not_to_be_in_viewport(ratio=1)
        await expect(tabs.filter(has_text="Audit")).to_be_in_viewport(ratio=1)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.set_viewport_size({"width": 390, "height": 800})
        await expect(tabs.filter(has_text="Audit")).to_be_in_viewport(ratio=1)
