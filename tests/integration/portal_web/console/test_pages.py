"""What the console's pages cost, and what they remember."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from case_shared.d365.check.report import Report, Step, StepId, failed, skipped
from case_shared.d365.mapping import Mapping
from case_shared.database.postgres import Connection
from case_shared.kafka.connection import RawRecord
from case_shared.kafka.record_batches import DecodedRecord, UndecodableRecord
from case_shared.kafka.records import store_batch
from case_shared.words.errors import UnreadableRecord
from d365_sync.postgres.checks import PostgresChecks
from tests.integration.d365_sync.conftest import Queue, submitted
from tests.integration.portal_web.conftest import Browser, Portal
from tests.support.sandbox import Sandbox

MOST_CALLS = 3
PAGES = (
    "", "/now", "/ledger", "/ledger?d365=true", "/documents", "/documents?state=nonsense", "/documents/{0}",
    "/documents/{0}/replay", "/documents/{0}/edit", "/documents/{0}/link?q=pump", "/documents/{0}/link?q=*",
    "/documents/{0}/link?case_id=C1",
    "/replays", "/replays/new?cause=rejected", "/unreadable", "/delivery", "/d365", "/audit", "/dealers",
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
        assert answer.status_code == (422 if "nonsense" in page or "*" in page else 200), answer.text
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
        ("/delivery/pause", {"reason": " ", "seen": " "}, 422),
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


async def test_a_page_from_before_another_s_pause_resumes_nothing(portal: Portal, olga: Browser) -> None:
    before = await olga.get("/console/delivery")
    async with portal.browser() as elsewhere:
        await elsewhere.sign_in("olga", "/console")
        await elsewhere.send(await elsewhere.get("/console/delivery"), "/console/delivery/pause", reason="patch day")
    overtaken = await olga.send(before, "/console/delivery/pause", reason="mine")
    assert overtaken.status_code == 409
    assert "Nothing was done, because somebody else has changed delivery." in overtaken.text
    assert ("patch day" in overtaken.text, "mine" in overtaken.text) == (True, False)
    resumed = await olga.send(overtaken, "/console/delivery/resume", reason="it is over")
    assert (resumed.status_code, "Documents are being sent" in resumed.text) == (200, True)
    late = await olga.send(overtaken, "/console/delivery/resume", reason="once more")
    assert late.status_code == 409


async def test_a_window_is_in_the_zone_that_its_form_named(portal: Portal, olga: Browser) -> None:
    form = await olga.get("/console/delivery")
    assert "Times are in UTC." in form.text
    olga.http.cookies.set("browser_zone", "Europe/Berlin")
    ends = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT20:00}"
    planned = await olga.send(form, "/console/delivery/windows", reason="patch day", begins_at="", ends_at=ends)
    assert planned.status_code == 200, planned.text
    async with portal.database.connect() as connection:
        ends_at = await connection.fetchval("SELECT ends_at FROM d365_sync.delivery_windows")
    assert ends_at.hour == 20


@pytest.mark.parametrize("age", ["inf", "nan", "-1", "1e300", "a week"])
async def test_an_age_that_is_none_is_no_fault_of_the_page(olga: Browser, age: str) -> None:
    page = await olga.get("/console/replays/new", params={"older_than_seconds": age})
    assert (page.status_code, "Older than" in page.text) == (200, False)


async def test_the_reason_that_was_typed_stays_while_one_goes_on_editing(olga: Browser, dead_letter: str) -> None:
    path = f"/console/documents/{dead_letter}/edit"
    form = await olga.get(path)
    edited: dict[str, Any] = {"category": "Warranty", "category_type": "Service", "description": "corrected"}
    difference = await olga.send(form, path, **edited)
    again = await olga.send(difference, path, back="yes", **edited, reason="as the dealer said")
    difference = await olga.send(again, path, **edited)

    assert "as the dealer said</textarea>" in difference.text


@pytest.mark.parametrize(
    ("field", "value", "advice"),
    [
        ("category", " ", "eine Kategorie."),
        ("category_type", "x" * 61, "höchstens 60 Zeichen"),
        ("priority", "a\0b", "Zeichen, die nicht gespeichert werden können"),
    ],
)
async def test_an_edit_says_what_is_wrong_with_a_field(
    olga: Browser, dead_letter: str, field: str, value: str, advice: str
) -> None:
    path = f"/console/documents/{dead_letter}/edit"
    olga.http.headers["Accept-Language"] = "de"
    edited: dict[str, Any] = {"category": "Warranty", "category_type": "Service", field: value}
    answer = await olga.send(await olga.get(path), path, **edited)

    assert answer.status_code == 422
    assert "String should" not in answer.text
    (error,) = re.findall(rf'<p class="error" id="{field}-error">.*</svg> (.*)</p>', answer.text)
    assert advice in error
    assert re.search(
        rf'<(input|select) id="{field}" [^>]*aria-invalid="true" aria-describedby="{field}-error', answer.text
    )


async def test_the_connection_to_d365_is_shown_in_the_operators_language(
    portal: Portal, olga: Browser, queue: Queue, d365: Sandbox
) -> None:
    assert "D365 has not been checked yet" in (await olga.get("/console/d365")).text

    checks = PostgresChecks(queue.pool, d365.url, Mapping())
    steps = (
        Step(StepId.TOKEN, (failed("expired_secret", aadsts="7000222"),)),
        Step(StepId.EVENTS, (skipped("skipped", step="token"),)),
    )
    await checks.store(Report(steps))
    english = (await olga.get("/console/d365")).text
    assert "The client secret has expired (AADSTS7000222)." in english
    assert "create a new secret and set D365_CLIENT_SECRET to its value" in english
    assert "It is not proven that Web Case IDs are unique" in english
    for language, words in (("de", "Das Clientgeheimnis ist abgelaufen"), ("is", "Leyndarmál biðlarans er útrunnið")):
        assert words in (await olga.get("/console/d365", headers={"Accept-Language": language})).text

    await queue.pool.execute(
        """UPDATE d365_check_steps SET findings = '[{"code": "of_a_newer_release", "values": {}}]'"""
    )
    assert "The client secret has expired (AADSTS7000222)." in (await olga.get("/console/d365")).text


async def test_each_try_names_what_microsofts_support_asks_for(portal: Portal, olga: Browser, dead_letter: str) -> None:
    statement = (
        "UPDATE d365_sync.attempts SET client_request_id = gen_random_uuid(), dyn_aid = 'of <d365>'"
        " WHERE web_case_id || '-' || submission_no = $1 RETURNING client_request_id"
    )
    async with portal.database.connect() as connection:
        sent = [str(row["client_request_id"]) for row in await connection.fetch(statement, dead_letter)]

    shown = (await olga.get(f"/console/documents/{dead_letter}")).text

    assert sent
    assert all(f'<dd translate="no">{one}</dd>' in shown for one in sent)
    assert shown.count("of &lt;d365&gt;") == len(sent)


async def test_what_d365_stored_differently_stands_beside_what_was_sent(olga: Browser, queue: Queue) -> None:
    event = submitted()
    await queue.take_in(event)
    await queue.until(event, "delivered")
    await queue.pool.execute(
        "UPDATE documents SET differences = $1, alarms = '{stored_differently}', alarm_since = now()",
        [{"field": "notes", "sent": "Call <first>.", "stored": "Call"}],
    )
    path = f"/console/documents/{event.web_case_id}-1"

    shown = (await olga.get(path)).text

    assert "D365 stored a different text than was sent" in shown
    assert "its dealer still sees the original text" in shown
    assert '<span translate="no" dir="auto">Call &lt;first&gt;.</span>' in shown
    assert '<span translate="no" dir="auto">Call</span>' in shown
    await olga.send(await olga.get(f"{path}/acknowledge"), f"{path}/acknowledge", reason="completed there")
    assert "its dealer still sees the original text" not in (await olga.get(path)).text


async def test_records_that_nobody_can_decode_are_shown(portal: Portal, olga: Browser) -> None:
    """Names with NUL or not UTF-8, causes with half an emoji, a time in microseconds, and a range of offsets."""
    names = ("nul\0", "\udcff", "<b>&", "\x1b[2J", "")
    headers = tuple((name, b"\xff\0") for name in names)
    odd = DecodedRecord("t", 1, 5, 10**18, b"\0\xff", b"\xff\0<script>", headers)
    corrupt = UndecodableRecord("t", 2, 7, 26, -(10**18), b"\0" * 5000, "the batch is corrupt: \0 \ud83d " + "x" * 5000)

    def read(_: RawRecord) -> None:
        raise UnreadableRecord("no event: \0 \ud83d \udcff")

    async def store(_connection: Connection, _values: Sequence[None]) -> None:
        """Refuse to store them."""

    async with portal.database.pool("status_sync") as pool:
        await store_batch(pool, "g", [odd, corrupt], read, store)
    listed = await olga.get("/console/unreadable")
    assert listed.status_code == 200
    assert "t 1/5<" in listed.text
    assert "t 2/7\u201326<" in listed.text
    pages = [await olga.get(path) for path in sorted(set(re.findall(r"/console/unreadable/\d+", listed.text)))]
    assert [page.status_code for page in pages] == [200, 200]
    assert "nul\ufffd = 6e756c00" in pages[0].text
    assert "<script>" not in pages[0].text.partition("<main")[2]


async def test_a_document_says_how_its_case_stands(portal: Portal, olga: Browser, dead_letter: str) -> None:
    web_case_id = dead_letter.rpartition("-")[0]
    async with portal.database.connect() as connection:
        await connection.execute(
            "INSERT INTO case_api.cases (web_case_id, dealer, data_area_id, customer_account, origin, phase, case_id)"
            " VALUES ($1, 'usmf-us-001', 'usmf', 'US-001', 'portal', 'submitted', 'C-1')"
            " ON CONFLICT (web_case_id) DO UPDATE SET case_id = 'C-1'",
            web_case_id,
        )
        await connection.execute(
            "UPDATE case_api.cases SET phase = 'submitted', d365_status = 'Opened', d365_status_mapped = 'open',"
            " status_as_of = now() WHERE web_case_id = $1",
            web_case_id,
        )
    page = (await olga.get(f"/console/documents/{dead_letter}")).text
    assert re.search(r"<dt>Status</dt><dd>\s*Open\b", page)
    assert "no longer updates this case" not in page
    for column, words in (
        ("moved_at", "Moved in D365"),
        ("deleted_in_d365_at", "Deleted in D365"),
        ("case_id_reused_at", "D365 reused a Case ID"),
    ):
        async with portal.database.connect() as connection:
            await connection.execute(
                "UPDATE case_api.cases SET moved_at = NULL, deleted_in_d365_at = NULL, case_id_reused_at = NULL"
            )
            await connection.execute(f"UPDATE case_api.cases SET {column} = now()")
        page = (await olga.get(f"/console/documents/{dead_letter}")).text
        assert words in page
        assert "no longer updates this case" in page
