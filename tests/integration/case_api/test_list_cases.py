"""The list of one dealer, page by page; its searches, filters, sorts and refusals."""

# ruff: noqa: RUF001 - look-alike characters are tested

import asyncio
import unicodedata
from typing import Any

import pytest

from case_api.domain.list_query import Column
from case_api.domain.searched_text import folded
from case_api.web.schemas import CasePage
from case_shared.words.events import CaseStatus, SubmissionState
from tests.integration.case_api.conftest import CASES, DEALER, OTHER, Api, token
from tests.integration.case_api.deliveries import deliver


async def pages(api: Api, limit: int, **query: str) -> list[list[str]]:
    found, cursor = [], None
    while True:
        parameters: dict[str, Any] = {**query, "limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = await api.client.get(CASES, params=parameters)
        assert answer.status_code == 200, answer.text
        page = CasePage.model_validate_json(answer.content)
        found.append([case.web_case_id for case in page.items])
        assert page.has_more == (page.next is not None)
        if page.next is None:
            return found
        cursor = page.next


async def test_pages_are_newest_first_and_complete(api: Api) -> None:
    cases = [await api.create() for _ in range(7)]
    await api.create(OTHER)
    # Equal times must not lose or repeat a case between pages.
    await api.fetch("UPDATE case_api.cases SET created_at = now() WHERE dealer = 'usmf-us-001'")
    found = await pages(api, 3)
    assert [len(page) for page in found] == [3, 3, 1]
    ids = [case["web_case_id"] for case in cases]
    assert [web_case_id for page in found for web_case_id in page] == sorted(ids, reverse=True)
    newest = await api.create()
    assert (await pages(api, 100))[0][0] == newest["web_case_id"]
    assert [len(page) for page in await pages(api, 4)] == [4, 4]


@pytest.mark.parametrize(
    "query",
    [
        {"created_by": "me"}, {"created_by": "ANN"}, {"q": "ann"}, {"text": "pump"}, {"status": "draft,open"},
        {"category": "Warranty", "priority": "High"}, {"undelivered": "false"}, {"origin": "portal"},
        {"created_from": "2020-01-01", "created_to": "2999-01-01"}, {"created_by": "me", "sort": "description"},
    ],
)  # fmt: skip
async def test_every_filter_has_a_second_page(api: Api, query: dict[str, str]) -> None:
    cases = [await api.create() for _ in range(3)]
    await api.client.post(CASES, json={"notes": "none of these"}, headers=token("bob"))
    found = [web_case_id for page in await pages(api, 1, **query) for web_case_id in page]
    mine = {case["web_case_id"] for case in cases}
    assert mine <= set(found)
    assert len(found) == len(set(found))
    assert "created_by" not in query or set(found) == mine


async def test_cases_born_in_d365_are_in_the_list(api: Api) -> None:
    async with api.database.pool("status_sync") as pool:
        await pool.execute(
            """
            INSERT INTO case_api.cases (
                web_case_id, dealer, data_area_id, customer_account, origin, phase, created_at, updated_at, case_id,
                d365_status, d365_status_mapped, status_as_of, d365_category, read_began_at
            ) VALUES ('W000000000', 'usmf-us-001', 'usmf', 'US-001', 'd365', 'submitted', now(), now(), 'C-9',
                'InProcess', 'in_process', now(), 'Parts', now())
            """
        )
    (case,) = (await api.client.get(CASES)).json()["items"]
    assert (case["case_id"], case["status"], case["category"]) == ("C-9", "in_process", "Parts")
    assert (case["created_by"], case["notes"], case["submission"], case["origin"]) == (None, None, None, "d365")


async def test_what_d365_says_is_shown_once_it_was_read(api: Api) -> None:
    case = await api.submitted()
    async with api.database.pool("status_sync") as pool:
        await pool.execute(
            """
            UPDATE case_api.cases SET case_id = 'C-1', d365_status_mapped = 'open', status_as_of = now(),
                d365_category = 'Parts', d365_description = 'Changed by the clerk', read_began_at = now()
            """
        )
    now = await api.get(case)
    assert (now["status"], now["case_id"], now["category"]) == ("open", "C-1", "Parts")
    assert (now["description"], now["priority"]) == ("Changed by the clerk", None)
    assert (now["notes"], now["contact"]) == (case["notes"], case["contact"])


async def d365_shows(api: Api, text: str, category: str = "Parts") -> None:
    """What a read writes for the one case that there is."""
    async with api.database.pool("status_sync") as pool:
        await pool.execute(
            "UPDATE case_api.cases SET case_id = 'C-1', d365_status_mapped = 'open', status_as_of = now(),"
            " d365_description = $1, d365_category = $2, read_began_at = now()",
            text,
            category,
        )


async def test_a_draft_that_came_back_is_the_dealer_s_own_text_until_d365_shows_it_again(api: Api) -> None:
    case = await api.submitted()
    await d365_shows(api, "As D365 had it")
    await deliver(api, case, SubmissionState.RETURNED, reason="The category is gone")
    returned = await api.get(case)
    assert (returned["status"], returned["description"], returned["category"]) == (
        "draft", case["description"], "Warranty",
    )  # fmt: skip
    path = f"{CASES}/{case['web_case_id']}"
    written = {"description": "Now it smokes", "priority": "Low"}
    etag = {"If-Match": (await api.client.get(path)).headers["ETag"]}
    edited = await api.client.patch(path, json=written, headers={**token(), **etag})
    assert edited.json()["description"] == (await api.get(case))["description"] == "Now it smokes"
    assert await found(api, text="smokes") == await found(api, priority="Low") == [case["web_case_id"]]
    assert (await api.submit(case, int(edited.headers["ETag"].strip('"')))).status_code == 202
    assert (await api.get(case))["description"] == "Now it smokes"
    await d365_shows(api, "Now D365 has it")
    assert (await api.get(case))["description"] == "Now D365 has it"
    assert await found(api, text="now d365") == [case["web_case_id"]]


async def test_a_delivered_case_is_in_d365_before_status_sync_has_linked_it(api: Api) -> None:
    case, other = await api.submitted(), await api.submitted()
    await deliver(api, case, SubmissionState.DELIVERED, case_id="C-5")
    await deliver(api, other, SubmissionState.DEFERRED)
    draft = await api.create()
    assert (await api.get(case))["case_id"] == "C-5"
    assert await found(api, undelivered="true") == [other["web_case_id"]]
    assert set(await found(api, undelivered="false")) == {case["web_case_id"], draft["web_case_id"]}
    # Once D365 has lost it, it is on its way again.
    await deliver(api, case, SubmissionState.PENDING, revision=2, cause="lost_in_d365")
    assert set(await found(api, undelivered="true")) == {case["web_case_id"], other["web_case_id"]}


@pytest.mark.parametrize("why", ["deleted_in_d365_at", "case_id_reused_at"])
async def test_a_case_that_d365_never_showed_keeps_its_text_when_it_is_gone_there(api: Api, why: str) -> None:
    case = await api.submitted()
    async with api.database.pool("status_sync") as pool:
        await pool.execute(f"UPDATE case_api.cases SET case_id = 'C-1', {why} = now(), read_began_at = now()")
    now = await api.get(case)
    assert [now[name] for name in ("category", "priority", "description")] == ["Warranty", "High", case["description"]]
    assert await found(api, category="Warranty") == await found(api, text="pump") == [case["web_case_id"]]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "?limit"),
        ("limit=101", "?limit"),
        ("limit=x", "?limit"),
        ("cursor=nonsense", "?cursor"),
        ("cursor=%C3%A4", "?cursor"),
        ("cursor=", "?cursor"),
        ("cursor=" + "x" * 2001, "?cursor"),
        ("sort=created", "?sort"),
        ("sort=", "?sort"),
        ("sort=--created_at", "?sort"),
        ("status=opened", "?status"),
        ("status=", "?status"),
        ("status=open,", "?status"),
        ("q=%00", "?q"),
        ("q=" + "x" * 101, "?q"),
        ("category=", "?category"),
        ("created_by=a%00", "?created_by"),
        ("origin=erp", "?origin"),
        ("undelivered=perhaps", "?undelivered"),
        ("counts=2", "?counts"),
        ("created_from=yesterday", "?created_from"),
        ("created_from=2026-02-30", "?created_from"),
        ("created_from=2026-01-01T10:00:00", "?created_from"),
        ("created_from=2026-01-01T10:00:00+01:00", "?created_from"),
        ("created_to=1760000000", "?created_to"),
        ("created_at=2026-01-01", "?created_at"),
        ("status=open&status=draft", "?status"),
    ],
)
async def test_wrong_parameters_are_named(api: Api, query: str, pointer: str) -> None:
    answer = await api.client.get(f"{CASES}?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert "Value error" not in answer.text


async def test_a_cursor_is_good_for_its_own_list_alone(api: Api) -> None:
    for _ in range(2):
        await api.create()
    cursor = (await api.client.get(CASES, params={"limit": 1})).json()["next"]
    for query in ({"sort": "created_at"}, {"q": "w"}, {"status": "draft"}, {"created_by": "me"}):
        answer = await api.client.get(CASES, params={"cursor": cursor, **query})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "?cursor")
    answer = await api.client.get(f"/v1/dealers/{OTHER}/cases", params={"cursor": cursor})
    assert answer.status_code == 422


async def found(api: Api, dealer: str = DEALER, **query: Any) -> list[str]:
    answer = await api.client.get(f"/v1/dealers/{dealer}/cases", params=query)
    assert answer.status_code == 200, answer.text
    return [case["web_case_id"] for case in answer.json()["items"]]


async def test_a_case_is_found_by_any_of_its_ids_its_creator_and_its_status(api: Api) -> None:
    case = await api.submitted()
    await api.create(OTHER)
    async with api.database.pool("status_sync") as pool:
        await pool.execute(
            "UPDATE case_api.cases SET case_id = 'Ca%S_010', d365_status_mapped = 'open' WHERE phase = 'submitted'"
        )
    web_case_id = case["web_case_id"]
    typed = web_case_id.replace("0", "o").replace("1", "l")
    for q in (web_case_id, web_case_id.lower(), typed, web_case_id[2:7], web_case_id[:2], "w", "ca%s_", "a%S_01", "CA",
              "ann", "a", "ANN", "open", "Offen", "opið", "OP", " Open "):  # fmt: skip
        assert await found(api, q=q) == [web_case_id], q
    for q in ("a_s", "a%S_o1", "a%%s", "closed", "draft", "zzzzzz", "Ⓐ" * 100, "x" + "-" * 98 + "x", "a\\n"):
        assert await found(api, q=q) == [], q
    for q in (
        "  ",
        "%",
        "_",
        "\\",
        "\u200b",
        "nn",
        f"“{web_case_id}”.",
        f"\u200b{web_case_id[:4]}\u00ad{web_case_id[4:]}\u00a0",
    ):
        assert await found(api, q=q) == [web_case_id], q
    pasted = "".join(chr(ord(one) + 0xFEE0) for one in web_case_id)
    assert await found(api, q=pasted) == [web_case_id], pasted
    assert await found(api, OTHER, q=web_case_id) == []


async def test_filters_and_counts(api: Api) -> None:
    draft, parts = await api.create(), await api.create(category="Parts", priority=None)
    sent = await api.submitted()
    other = await api.client.post(CASES, json={}, headers=token("BOB"))
    bobs = other.json()["web_case_id"]
    ids = [bobs, sent["web_case_id"], parts["web_case_id"], draft["web_case_id"]]
    assert await found(api) == ids
    assert await found(api, status="submitted") == ids[1:2]
    assert await found(api, status="draft, submitted") == ids
    assert await found(api, category="Parts") == ids[2:3]
    assert await found(api, priority="High", status="draft") == ids[3:]
    assert await found(api, created_by="me") == ids[1:]
    assert await found(api, created_by="bob") == ids[:1]
    assert await found(api, origin="d365") == []
    assert await found(api, undelivered="true") == ids[1:2]
    assert await found(api, undelivered="false") == [ids[0], *ids[2:]]
    first_day, last_day = draft["created_at"][:10], other.json()["created_at"][:10]
    assert await found(api, created_from=first_day, created_to=last_day) == ids
    assert await found(api, created_to="2020-01-01") == []
    assert await found(api, created_from="0001-01-01T00:00:00+14:00", created_to="9999-12-31") == ids
    at = draft["created_at"]
    assert await found(api, created_from=at, created_to=at) == ids[3:]
    answer = (await api.client.get(CASES, params={"counts": "true", "status": "submitted", "created_by": "me"})).json()
    assert answer["counts"]["total"] == {"count": 1, "more": False}
    assert {status: count["count"] for status, count in answer["counts"]["statuses"].items() if count["count"]} == {
        "draft": 2, "submitted": 1,
    }  # fmt: skip
    assert "counts" not in (await api.client.get(CASES)).json()


async def test_every_column_sorts_both_ways_with_nothing_last(api: Api) -> None:
    await api.create(description="b", category="Parts")
    await api.create(description=None, category=None, priority=None)
    await api.submitted(description="A")
    for column in Column:
        up, down = [
            (await api.client.get(CASES, params={"sort": f"{sign}{column}"})).json()["items"] for sign in ("", "-")
        ]
        values = [case[column] for case in up if case[column] is not None]
        if column is Column.STATUS:
            values = [list(CaseStatus).index(value) for value in values]
        if column is Column.DESCRIPTION:
            values = [value.lower() for value in values]
        assert values == sorted(values), column
        nothing = len(up) - len(values)
        assert all(case[column] is None for case in (*up[len(values) :], *down[len(values) :])), column
        valued = [case["web_case_id"] for case in up[: len(values)]]
        assert [case["web_case_id"] for case in down[: len(values)]] == valued[::-1], column
        assert nothing == len([case for case in up if case[column] is None])


async def test_names_and_words_are_found_however_they_are_written(api: Api) -> None:
    answer = await api.client.post(
        CASES,
        json={"description": "Die Straße\nzum Öl–Leck ist zu", "notes": "100% hydraulic\u00a0pump, İstanbul"},
    )
    one = [answer.json()["web_case_id"]]
    await api.fetch("UPDATE case_api.cases SET created_by = U&'\\0130brahim Y\\0131ld\\0131z'")
    await api.create(description="Another", notes=None)
    for q in ("İbrahim", "ibrahim", "IBRAHIM", "i\u0307brahim", "YILDIZ", "yıldız"):
        assert await found(api, q=q) == one, q
    for text in (
        "hydraulic",
        "PUMP strasse",
        "o\u0308l-leck",
        "hydraulic pump",
        "100%",
        "istanbul",
        "draul",
        "„Straße“",
    ):
        assert await found(api, text=text) == one, text
    for text in ("hydraulic another", "1000%", "hydraulic_pump", "hydraulic p%mp"):
        assert await found(api, text=text) == [], text
    assert len(await found(api, text=" — ")) == 2
    assert await found(api, text="hydraulic", q="ibrahim", status="draft") == one
    assert await found(api, text="hydraulic", q="ann") == []
    assert await found(api, OTHER, text="hydraulic") == []
    assert (await api.client.get(f"{CASES}.csv", params={"text": "hydraulic"})).text.count("\r\n") == 2
    counted = await api.client.get(CASES, params={"text": "hydraulic", "counts": "true"})
    assert counted.json()["counts"]["total"] == {"count": 1, "more": False}


async def test_the_database_folds_as_we_do(api: Api) -> None:
    known = [chr(code) for code in range(1, 0x30000) if unicodedata.category(chr(code)) not in {"Cn", "Cs", "Co"}]
    texts = [*known, *(f"a{one}\u0307" for one in known), "\u0130stanbul", "Ǆ", "ﬁ", "ΌΣΟΣ", "\u1e9e", "a\u0301\u0323"]
    rows = await api.fetch("SELECT case_api.folded(text) AS folded FROM unnest($1::text[]) text", texts)
    differing = [text for text, row in zip(texts, rows, strict=True) if row["folded"] != folded(text)]
    assert differing == []


async def test_texts_sort_by_the_alphabet_of_the_language_and_priorities_as_d365_orders_them(api: Api) -> None:
    for category in ("Zebra", "Öl", "Oel", "þak", "ofen", "Æ", "Ofen2"):
        await api.create(category=category)

    async def listed(sort: str, language: str) -> list[Any]:
        headers = {"Accept-Language": language}
        values, cursor = [], None
        while True:
            query: dict[str, Any] = {"sort": sort, "limit": 2} | ({"cursor": cursor} if cursor else {})
            page = (await api.client.get(CASES, params=query, headers=headers)).json()
            values += [case[sort.removeprefix("-")] for case in page["items"]]
            if not (cursor := page["next"]):
                return values

    german = ["Æ", "Oel", "ofen", "Ofen2", "Öl", "Zebra", "þak"]
    assert await listed("category", "de") == german
    assert await listed("-category", "de-CH, en;q=0.1") == german[::-1]
    assert await listed("category", "is") == ["Oel", "ofen", "Ofen2", "Zebra", "þak", "Æ", "Öl"]
    assert await listed("category", "fr") == await listed("category", "en")
    await api.fetch("DELETE FROM case_api.cases")
    await api.fetch(
        "INSERT INTO status_sync.priorities VALUES ('usmf', 'Urgent', NULL, 1), ('usmf', 'Low', NULL, 2),"
        " ('usmf', 'Äh', NULL, NULL)"
        " ON CONFLICT (data_area_id, priority) DO UPDATE SET position = excluded.position"
    )
    for priority in ("Zzz", "Low", "Äh", None, "Urgent"):
        await api.create(priority=priority)
    assert await listed("priority", "de") == ["Urgent", "Low", "Äh", "Zzz", None]
    assert await listed("-priority", "de") == ["Zzz", "Äh", "Low", "Urgent", None]
    items = (await api.client.get(f"/v1/dealers/{DEALER}/priorities")).json()["items"]
    assert [one["priority"] for one in items][:2] == ["Urgent", "Low"]


async def test_what_takes_too_long_is_refused(api: Api) -> None:
    await api.create()
    async with api.database.connect() as connection, connection.transaction():
        await connection.execute("LOCK TABLE case_api.cases IN ACCESS EXCLUSIVE MODE")
        slow = await asyncio.gather(api.client.get(CASES), api.client.get(f"{CASES}.csv"))
    for answer in slow:
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:casebridge:problem:list-too-slow")
        assert answer.headers["Retry-After"] == "10"
    assert (await api.client.get(CASES)).status_code == 200
