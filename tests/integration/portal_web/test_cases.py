"""The list: its address says everything, and the page reports what it cannot show."""

import html
import re

from tests.integration.portal_web.conftest import CASES, Browser, Portal, address_of, hidden

SCRIPT = {"HX-Request": "true"}


async def test_the_list_shows_the_dealer_s_cases_with_names_for_each_icon(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(category="Sales:Warranty", description="The pump leaks")
    page = await dana.get(CASES)
    assert page.status_code == 200
    assert "The pump leaks" in page.text
    for name in (f"Edit draft {case}", f"Delete draft {case}", f"Copy {case} to a new draft"):
        assert f'aria-label="{name}"' in page.text
    assert "<title>Cases · Contoso · Casebridge</title>" in page.text
    assert "1 case<" in page.text
    assert re.search(r'id="count-draft">1<', page.text)


async def test_searching_filters_and_order_are_the_api_s(dana: Browser) -> None:
    first = await dana.draft(description="first")
    second = await dana.draft(category="Sales:Warranty", description="second")
    assert f'data-case="{second}"' not in (await dana.get(f"{CASES}?q={first}")).text
    assert f'data-case="{first}"' not in (await dana.get(f"{CASES}?category=Warranty")).text
    long = await dana.get(f"{CASES}?q={'x' * 101}")
    assert "This search is too long. Use at most 100 characters." in long.text
    assert "x" * 101 in long.text
    assert "No matching cases" in (await dana.get(f"{CASES}?status=closed")).text
    page = (await dana.get(f"{CASES}?sort=created_at")).text
    assert page.index(first) < page.index(second)
    assert re.search(r'aria-sort="ascending">\s*<a [^>]*id="sort-created_at"', page)


async def test_chips_take_a_filter_away(dana: Browser) -> None:
    page = await dana.get(f"{CASES}?q=abc&status=draft,open&sort=status")
    assert f'href="{CASES}?q=abc&amp;status=open&amp;sort=status"' in page.text
    assert 'aria-label="Remove filter Search: abc"' in page.text


async def test_a_script_gets_the_address_and_typing_on_makes_no_history(dana: Browser) -> None:
    typed = await dana.get(f"{CASES}?q=ab&status=draft&category=", headers=SCRIPT)
    assert typed.headers["hx-push-url"] == f"{CASES}?q=ab&status=draft"
    here = {**SCRIPT, "HX-Current-URL": f"http://127.0.0.1:8080{CASES}?q=a&status=draft"}
    on = await dana.get(f"{CASES}?q=ab&status=draft", headers=here)
    assert on.headers["hx-replace-url"] == f"{CASES}?q=ab&status=draft"
    assert "hx-push-url" not in on.headers


async def test_a_script_without_a_session_is_bidden_to_load_the_page(portal: Portal, dana: Browser) -> None:
    async with portal.database.connect() as connection:
        await connection.execute("DELETE FROM portal_web.sessions")
    answer = await dana.http.get(f"{CASES}?q=a", headers=SCRIPT)
    assert answer.status_code == 401
    assert answer.headers["hx-refresh"] == "true"


async def test_a_page_that_asks_for_news_by_itself_signs_nobody_in_again(portal: Portal, dana: Browser) -> None:
    async with portal.database.connect() as connection:
        await connection.execute("DELETE FROM portal_web.sessions")
    answer = await dana.http.get("/console/now", headers=SCRIPT)
    assert (answer.status_code, answer.headers.get("hx-refresh")) == (401, None)


async def test_who_deletes_a_draft_comes_back_to_the_same_list(dana: Browser) -> None:
    case = await dana.draft(description="the pump leaks")
    await dana.draft(description="another pump")
    where = f"{CASES}?q=pump&within=words&status=draft&sort=description"
    page = await dana.get(where)
    [link] = re.findall(rf'href="({CASES}/{case}/delete[^"]*)"', page.text)
    asked = await dana.get(html.unescape(link))
    assert f'href="{html.escape(where)}"' in asked.text
    [action] = re.findall(r'<form method="post" action="([^"]+/delete[^"]*)"', asked.text)
    assert address_of(await dana.send(asked, html.unescape(action))) == where
    strange = await dana.send(asked, f"{CASES}/{case}/delete?back=//evil.example&sort=nonsense&status=<b>")
    assert address_of(strange) == CASES


async def test_pages_follow_each_other(dana: Browser) -> None:
    for number in range(26):
        await dana.draft(description=f"number {number:02}")
    first = await dana.get(CASES)
    link = re.search(r'href="([^"]+cursor=[^"]+)"', first.text)
    assert link
    second = await dana.get(link[1].replace("&amp;", "&"))
    assert "number 00" in second.text
    assert "First page" in second.text
    strange = await dana.get(f"{CASES}?cursor=nonsense")
    assert address_of(strange) == CASES


async def test_the_export_is_the_list_as_it_is_shown(dana: Browser) -> None:
    first = await dana.draft(description="=1+1")
    second = await dana.draft(category="Sales:Warranty")
    answer = await dana.get(f"{CASES}/export.csv?q={first}")
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="cases-usmf-us-001.csv"' in answer.headers["content-disposition"]
    assert first in answer.text
    assert second not in answer.text
    german = await dana.get(f"{CASES}/export.csv?q={first}", headers={"Accept-Language": "de-DE"})
    assert german.text.startswith("\ufeffweb_case_id;case_id;")


async def test_one_box_finds_ids_and_then_words_of_the_text(dana: Browser) -> None:
    leak = await dana.draft(description="the hydraulic pump leaks")
    other = await dana.draft(description="the seat is loose")
    page = await dana.get(f"{CASES}?q=Hydraulic%20leaks")
    assert "In descriptions and notes: Hydraulic leaks" in page.text
    assert f'data-case="{leak}"' in page.text
    assert f'data-case="{other}"' not in page.text
    for way in (
        "export.csv?q=Hydraulic+leaks&amp;within=words",
        "?q=Hydraulic+leaks&amp;within=words&amp;sort=case_id",
    ):
        assert f'{way}"' in page.text
    export = await dana.get(f"{CASES}/export.csv?q=hydraulic+leaks&within=words")
    assert (leak in export.text, other in export.text) == (True, False)
    page = await dana.get(f"{CASES}?q={other}")
    assert "Search descriptions and notes instead" in page.text
    long = await dana.get(f"{CASES}?q={'x' * 101}")
    assert "This search is too long. Use at most 100 characters." in long.text
    assert "x" * 101 in long.text
    assert "No matching cases" in (await dana.get(f"{CASES}?q=nothing+like+it")).text


async def test_a_filter_keeps_where_the_text_was_found(dana: Browser) -> None:
    leak = await dana.draft(description="the hydraulic pump leaks")
    other = await dana.draft(description=f"as {leak}")
    page = await dana.get(f"{CASES}?q={leak}&within=words")
    assert f'data-case="{other}"' in page.text
    form = {"q": leak, "within": hidden(page.text.replace(' id="within"', ""))["within"], "status": "draft"}
    for text, found in ((leak, other), (other, other)):
        page = await dana.get(CASES, params={**form, "q": text})
        assert re.findall(r'data-case="(\w+)"', page.text) == [found]
    assert "In descriptions and notes" not in page.text


async def test_days_are_written_as_the_visitor_writes_them(dana: Browser) -> None:
    page = await dana.get(f"{CASES}?created_from=2026-10-25", headers={"Accept-Language": "de-DE"})
    assert 'aria-label="Filter Ab: 25.10.2026 entfernen"' in page.text


async def test_an_empty_list_helps(dana: Browser) -> None:
    page = await dana.get(CASES)
    assert "No cases yet" in page.text


async def test_a_user_of_two_dealers_chooses_and_switches(portal: Portal) -> None:
    async with portal.browser() as theo:
        arrived = await theo.sign_in("theo")
        assert "Choose a dealer" in arrived.text
        page = await theo.get("/dealers/usmf-us-002/cases")
        assert "Fabrikam · Casebridge</title>" in page.text
        assert 'href="/dealers/usmf-us-001/cases"' in page.text


async def test_a_list_from_before_a_draft_was_submitted_deletes_nothing_and_says_so(dana: Browser) -> None:
    path = f"{CASES}/{await dana.draft(category='Sales:Warranty')}"
    await dana.send(await dana.get(f"{path}/edit?ask=submit"), f"{path}/submit")
    dialog = await dana.http.get(f"{path}/delete", headers=SCRIPT)
    assert dialog.status_code == 409, "the page says that this is no longer possible (trouble.js)"
    page = await dana.get(f"{path}/delete")
    assert (address_of(page), "You can no longer edit it" in page.text) == (path, True)


async def test_the_list_needs_three_calls_at_most(portal: Portal, dana: Browser) -> None:
    await dana.get(CASES)
    portal.api.asked.clear()
    await dana.get(CASES)
    assert len(portal.api.asked) <= 3, portal.api.asked


async def test_pages_speak_the_visitor_s_language(dana: Browser) -> None:
    page = await dana.get(CASES, headers={"Accept-Language": "de"})
    assert '<html lang="de"' in page.text
    assert "Fall anlegen" in page.text
    await dana.http.post(
        "/preferences", data={"from": CASES, "language": "is", "theme": "dark", "zone": "Europe/Berlin"}
    )
    page = await dana.get(CASES)
    assert '<html lang="is" data-theme="dark"' in page.text
    assert "Nýtt mál" in page.text


async def test_a_case_that_left_says_so_in_each_language(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(description="The pump leaks")
    for column, words in (
        ("moved_at", ("Moved in D365", "In D365 einem anderen Kunden zugeordnet", "Flutt í D365")),
        ("deleted_in_d365_at", ("Deleted in D365", "In D365 gelöscht", "Eytt í D365")),
    ):
        async with portal.database.connect() as connection:
            await connection.execute(
                "UPDATE case_api.cases SET phase = 'submitted', case_id = 'C-1', moved_at = NULL,"
                " deleted_in_d365_at = NULL"
            )
            await connection.execute(f"UPDATE case_api.cases SET {column} = now()")
        for language, flag in zip(("en", "de", "is"), words, strict=True):
            headers = {"Accept-Language": language}
            assert flag in (await dana.get(CASES, headers=headers)).text
            page = (await dana.get(f"{CASES}/{case}", headers=headers)).text
            assert "The pump leaks" in page
            assert page.count("D365 staff moved" if column == "moved_at" else "deleted in D365 (") == (language == "en")
