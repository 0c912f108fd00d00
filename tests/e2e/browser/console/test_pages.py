"""What the console's pages show, to whom, in which language; and that all can use them."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.browser.console.conftest import Operators

PAGES = [
    "",
    "/ledger",
    "/documents",
    "/documents?state=any",
    "/documents?q=nothing",
    "/replays",
    "/unreadable",
    "/delivery",
    "/audit",
    "/dealers",
]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}


async def accessible(page: Page) -> list[str]:
    """What axe finds wrong."""
    found = await Axe().run(page, options=AXE)
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found.response["violations"]]


async def pages_of(operators: Operators) -> list[str]:
    (document,) = await operators.failed()
    of_document = [
        f"/documents/{document}{way}" for way in ("", "/replay", "/edit", "/discard", "/link?q=", "/link?case_id=C1")
    ]
    return [f"/console{path}" for path in (*PAGES, *of_document, "/replays/new?cause=rejected")]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "look",
    [
        {"viewport": {"width": 1440, "height": 900}},
        {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
        {"viewport": {"width": 320, "height": 800}},
        {"viewport": {"width": 1440, "height": 900}, "forced_colors": "active"},
    ],
    ids=["light", "dark", "narrow", "forced-colours"],
)
async def test_axe_finds_nothing_and_nothing_is_cut_off(operators: Operators, look: dict[str, Any]) -> None:
    wrong: dict[str, object] = {}
    paths = await pages_of(operators)
    async with operators.signed_in(**look) as page:
        for path in paths:
            answer = await page.goto(path)
            assert answer is not None
            assert answer.status == 200, path
            if found := await accessible(page):
                wrong[path] = found
            overflow = await page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if overflow > 0:
                wrong[f"{path} is too wide"] = overflow
    assert wrong == {}


async def test_refused_forms_are_accessible_too(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in(to=f"/console/documents/{document}/discard") as page:
        await page.get_by_label("Reason").fill("   ")
        await page.get_by_role("button", name="Discard").click()
        await expect(page.get_by_text("Say why: at least a word.")).to_be_visible()
        assert await accessible(page) == []
        await page.goto("/console/delivery")
        await page.get_by_label("Until").fill("2020-01-01T10:00")
        await page.locator("#reason-plan").fill("x")
        await page.get_by_role("button", name="Plan", exact=True).click()
        await expect(page.get_by_text("It must end after now")).to_be_visible()
        assert await accessible(page) == []


async def test_the_flow_tells_at_a_glance(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in() as page:
        await expect(page.get_by_text("It flows, and something wants your attention")).to_be_visible()
        await expect(page.get_by_text("adds up")).to_be_visible()
        stages = page.get_by_role("list", name="The way of a case").get_by_role("heading")
        await expect(stages).to_have_count(5)
        await page.get_by_role("link", name="Documents failed and need an operator").click()
        await expect(page.get_by_role("link", name=document)).to_be_visible()


async def test_who_may_only_read_is_told_why(operators: Operators) -> None:
    (document,) = await operators.failed()
    async with operators.signed_in("rudi", to=f"/console/documents/{document}") as page:
        for name in ("Replay", "Edit and replay", "Discard", "Return to the dealer", "Verify now"):
            button = page.get_by_role("button", name=name, exact=True)
            await expect(button).to_be_disabled()
            await expect(button).to_have_accessible_description("You may only look.")
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
    async with operators.signed_in(to="/console/delivery") as page:
        await page.get_by_label("From (empty: now)").fill("2027-03-01T06:00")
        await page.get_by_label("Until").fill("2027-03-01T09:00")
        await page.locator("#reason-plan").fill("D365 update 10.0.99")
        await page.get_by_role("button", name="Plan", exact=True).click()
        window = page.get_by_role("listitem").filter(has_text="D365 update 10.0.99")
        await window.get_by_text("Call it off").first.click()
        await window.get_by_label("Reason").fill("postponed")
        await window.get_by_role("button", name="Call it off").click()
        await expect(window.get_by_text("Called off")).to_be_visible()
        await page.goto("/console/audit?action=end_window")
        await expect(page.get_by_role("cell", name="postponed")).to_be_visible()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="CSV").click()
        await (await download.value).save_as(tmp_path / "audit.csv")
    assert "end_window" in (tmp_path / "audit.csv").read_text()


@pytest.mark.parametrize(("language", "word"), [("de", "Dokumente"), ("is", "Skjöl")])
async def test_it_speaks_the_operator_s_language(operators: Operators, language: str, word: str) -> None:
    async with operators.signed_in(locale=language) as page:
        await expect(page.get_by_role("link", name=word, exact=True)).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("lang", language)


@pytest.mark.timeout(240)
async def test_every_text_is_translated(operators: Operators) -> None:
    paths = await pages_of(operators)
    untranslated: dict[str, list[str]] = {}
    async with operators.signed_in() as page:
        await page.context.add_cookies([{"name": "language", "value": "en-XA", "url": operators.url}])
        for path in paths:
            await page.goto(path)
            if found := await page.evaluate(_UNMARKED):
                untranslated[path] = found
    assert untranslated == {}


# Texts outside ⟦…⟧ that have a letter, but what is nobody's to translate: values, codes, times.
_UNMARKED = r"""() => {
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    if (parent.closest("[translate=no], time, datalist, textarea, option[translate=no], .count, dd > strong")) continue;
    const text = node.textContent.replace(/⟦[^⟦⟧]*⟧/g, "").replace(/⟦[^⟧]*⟧/g, "").trim();
    if (/\p{L}{2,}/u.test(text) && !/^(HTTP \d+|[\d.,]+ ms|Europe\/\w+|UTC|· HTTP \d+.*)$/.test(text)) found.push(text);
  }
  return found;
}"""


@pytest.mark.timeout(240)
async def test_a_picture_that_is_out_of_date_says_so(operators: Operators) -> None:
    async with operators.signed_in() as page:
        await expect(page.get_by_role("list", name="The way of a case")).to_be_visible()
        pid = operators.stack.processes()["d365-sync"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            await expect(page.get_by_role("alert")).to_contain_text("does not answer", timeout=60_000)
        finally:
            os.kill(pid, signal.SIGCONT)
        await expect(page.get_by_role("list", name="The way of a case")).to_be_visible(timeout=30_000)
