"""Every page of the operator console, in every state."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from playwright.async_api import Page, expect

from tests.e2e.browser.conftest import sign_out_elsewhere
from tests.e2e.browser.states import At, State
from tests.e2e.browser.world import World, done, order
from tests.support.eventually import eventually
from tests.support.stack import Stack

DOCUMENT = "/console/documents/{failed}-1"
_ENOUGH_TO_OPEN = 6


async def edited(page: Page, world: World) -> None:
    await page.goto(f"/console/documents/{world.failed}-1/edit")
    await page.get_by_label("Description").fill("Loader LD-4171: fault code 31 after every start.")
    await page.get_by_label("Phone").fill("+354 555 1235")
    await page.get_by_role("button", name="Show what changes").click()
    await expect(page.get_by_role("heading", name="What changes")).to_be_visible()


async def edited_wrongly(page: Page, world: World) -> None:
    await page.goto(f"/console/documents/{world.failed}-1/edit")
    await page.get_by_label("Category (required)").fill("")
    await page.get_by_role("button", name="Show what changes").click()
    await expect(page.get_by_text("Correct these fields")).to_be_visible()


async def just_restored(page: Page, world: World) -> None:
    await page.goto(f"/console/documents/{world.failed}-1")
    await page.context.add_cookies([{"name": "notice", "value": f"restore.{world.failed}", "url": page.url}])
    await page.reload()
    await expect(page.get_by_text("The document was restored.")).to_be_visible()


async def reason_missing(page: Page, world: World) -> None:
    await page.goto(f"/console/documents/{world.failed}-1/discard")
    await page.get_by_label("Reason").fill("   ")
    await page.get_by_role("button", name="Discard").click()
    await expect(page.get_by_text("Enter a reason of at most")).to_be_visible()


async def overtaken(page: Page, world: World) -> None:
    path = f"/console/documents/{world.overtaken}-1"
    other = await page.context.new_page()
    await page.goto(f"{path}/replay")
    await other.goto(f"{path}/return")
    await other.get_by_label("Reason").fill("Name the machine, please.")
    await other.get_by_role("button", name="Return to the dealer").click()
    await expect(other.get_by_text("The document was returned to the dealer.")).to_be_visible()
    await other.close()
    await page.get_by_label("Reason").fill("the period is open again")
    await page.get_by_role("button", name="Replay").click()
    await expect(page.get_by_text("the document has changed")).to_be_visible()


async def window_refused(page: Page, _world: World) -> None:
    await page.goto("/console/delivery")
    await page.get_by_label("Until").fill("2020-01-01T10:00")
    await page.locator("#reason-plan").fill("D365 update")
    await page.get_by_role("button", name="Plan", exact=True).click()
    await expect(page.get_by_text("Choose an end in the future")).to_be_visible()


async def all_open(page: Page, world: World) -> None:
    """A document with all sections open."""
    await page.goto(f"/console/documents/{world.failed}-1")
    for one in await page.locator("details.more > summary").all():
        await one.click()


async def session_over(page: Page, world: World) -> None:
    await page.goto(f"/console/documents/{world.failed}-1/discard")
    await page.get_by_label("Reason").fill("Typed while nobody looked")
    await sign_out_elsewhere(page)
    await page.get_by_role("button", name="Discard").click()
    await expect(page.get_by_role("heading", name="signed out")).to_be_visible()


async def waiting(page: Page, _world: World) -> None:
    """A dry run that waits for D365."""
    await page.goto("/console/replays/new?cause=rejected")
    await page.get_by_label("Reason").fill("the period is open again")
    await page.get_by_role("button", name="Dry run").click()
    await expect(page.get_by_text("The replay is delayed")).to_be_visible()


@asynccontextmanager
async def outage(stack: Stack, _world: World) -> AsyncIterator[None]:
    """D365 does not answer, and the breaker has opened."""
    async with stack.clerk() as clerk, stack.operator() as operator, stack.dealer("usmf-us-002") as dealer:
        fault = done(await clerk.http.post("/_sandbox/faults", json={"kind": "outage"}))["id"]

        async def breaker() -> str:
            return str(done(await operator.get("/v1/delivery"))["breaker"]["state"])

        try:
            for _ in range(_ENOUGH_TO_OPEN):
                await dealer.submitted(uuid4().hex, description="Sent while D365 is away.")
            await eventually(breaker, lambda state: state == "open", within_seconds=40)
            yield
        finally:
            done(await clerk.http.delete(f"/_sandbox/faults/{fault}"))
        await eventually(breaker, lambda state: state == "closed", within_seconds=40)


@asynccontextmanager
async def nothing_left(stack: Stack, _world: World) -> AsyncIterator[None]:
    """Operators have nothing left to do."""
    async with stack.operator() as operator:
        failed = done(await operator.get("/v1/documents", params={"state": "failed", "limit": 100}))["items"]
        for one in failed:
            await order(operator, one["id"], "discard", "a test")
        for one in done(await operator.get("/v1/unreadable-records"))["items"]:
            done(await operator.post(f"/v1/unreadable-records/{one['id']}/seen", json={"reason": "typed by hand"}))

        stack.command("d365", "check", "--write", "--company", "usmf")

        async def concerns() -> list[str]:
            found = done(await operator.get("/v1/flow"))["concerns"]
            return [f"{one['kind']} {one['where']} {one['detail']}" for one in found]

        try:
            await eventually(concerns, lambda found: not found, within_seconds=60, every_seconds=0.2)
            yield
        finally:
            for one in failed:
                await order(operator, one["id"], "restore", "a test")


STATES = (
    State("console-flow", "olga", At("/console"), phone=True, whole=True),
    State("console-ledger", "olga", At("/console/ledger"), drawn=False, like="console-ledger-compared"),
    State("console-ledger-compared", "olga", At("/console/ledger?d365=true"), whole=True),
    State("console-documents", "olga", At("/console/documents"), phone=True, whole=True),
    State(
        "console-documents-group",
        "olga",
        At("/console/documents?state=failed&cause=rejected"),
        drawn=False,
        like="console-documents",
    ),
    State("console-documents-any", "olga", At("/console/documents?state=any"), whole=True, like="console-documents"),
    State("console-documents-nothing-found", "olga", At("/console/documents?q=nothing-like-this"), whole=True),
    State("console-documents-wrong-filter", "olga", At("/console/documents?state=nonsense"), drawn=False),
    State("console-documents-read-only", "rudi", At("/console/documents"), drawn=False, like="console-documents"),
    State("console-document-failed", "olga", At(DOCUMENT), phone=True, whole=True),
    State("console-document-open", "olga", all_open, whole=True),
    State(
        "console-document-of-a-group",
        "olga",
        At(f"{DOCUMENT}?group_cause=rejected"),
        drawn=False,
        like="console-document-failed",
    ),
    State("console-document-done", "olga", just_restored, drawn=False, like="console-document-failed"),
    State(
        "console-document-other-content",
        "olga",
        At("/console/documents/{other_content}-1"),
        drawn=False,
        like="console-document-failed",
    ),
    State("console-document-delivered", "olga", At("/console/documents/{delivered}-1"), whole=True),
    State("console-document-read-only", "rudi", At(DOCUMENT), whole=True),
    State("console-order", "olga", At(f"{DOCUMENT}/return"), whole=True),
    State("console-order-refused", "olga", reason_missing, whole=True),
    State("console-order-overtaken", "olga", overtaken, whole=True),
    State("console-order-read-only", "rudi", At(f"{DOCUMENT}/discard"), drawn=False, like="console-order"),
    State("console-order-session-over", "olga", session_over, drawn=False),
    State("console-edit", "olga", At(f"{DOCUMENT}/edit"), whole=True),
    State("console-edit-refused", "olga", edited_wrongly, drawn=False),
    State("console-edit-difference", "olga", edited, whole=True),
    State("console-link", "olga", At(f"{DOCUMENT}/link"), drawn=False, like="console-link-found"),
    State("console-link-found", "olga", At("/console/documents/{other_content}-1/link?q="), whole=True),
    State(
        "console-link-nothing-found",
        "olga",
        At(f"{DOCUMENT}/link?q=nothing-like-this"),
        drawn=False,
        like="console-documents-nothing-found",
    ),
    State("console-link-confirm", "olga", At(f"{DOCUMENT}/link?case_id=CASE-1"), drawn=False),
    State("console-replay-new", "olga", At("/console/replays/new?cause=rejected&q=LD-4711"), whole=True),
    State("console-replay-dry-run", "olga", At("/console/replays/{dry_run}"), whole=True),
    State("console-replay-confirm", "olga", At("/console/replays/{dry_run}/for-real"), whole=True),
    State("console-replay-done", "olga", At("/console/replays/{replayed}"), whole=True, like="console-replay-dry-run"),
    State("console-replays", "olga", At("/console/replays"), whole=True),
    State("console-unreadable", "olga", At("/console/unreadable"), whole=True),
    State(
        "console-unreadable-none",
        "olga",
        At("/console/unreadable?topic=nothing-like-this"),
        drawn=False,
        like="console-documents-nothing-found",
    ),
    State("console-record", "olga", At("/console/unreadable/{record}"), whole=True),
    State("console-delivery", "olga", At("/console/delivery"), phone=True, whole=True),
    State("console-delivery-refused", "olga", window_refused, drawn=False),
    State("console-delivery-read-only", "rudi", At("/console/delivery"), drawn=False, like="console-delivery"),
    State("console-d365", "olga", At("/console/d365"), phone=True, whole=True),
    State("console-audit", "olga", At("/console/audit"), whole=True),
    State(
        "console-audit-nothing-found",
        "olga",
        At("/console/audit?actor=nobody"),
        drawn=False,
        like="console-documents-nothing-found",
    ),
    State("console-dealers", "olga", At("/console/dealers"), whole=True),
    State("console-not-for-dealers", "dana", At("/console/documents"), drawn=False),
    State("console-not-found", "olga", At("/console/documents/WNOTHERE00-1"), drawn=False),
    State("console-flow-alarm", "olga", At("/console"), during=outage, whole=True),
    State("console-replay-waiting", "olga", waiting, during=outage, whole=True),
    State("console-delivery-alarm", "olga", At("/console/delivery"), during=outage, drawn=False),
    # Last, because nothing is left to do then.
    State("console-flow-well", "olga", At("/console"), during=nothing_left, whole=True),
    State("console-documents-none", "olga", At("/console/documents"), during=nothing_left, drawn=False),
)
