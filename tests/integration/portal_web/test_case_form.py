"""Writing, saving and submitting a case: nothing typed is lost, nothing happens twice."""

import asyncio
import re

import pytest

from tests.integration.portal_web.conftest import CASES, Browser, Portal, address_of, hidden

WARRANTY = "Sales:Warranty"


async def cases(portal: Portal) -> list[dict[str, object]]:
    async with portal.database.connect() as connection:
        return [dict(row) for row in await connection.fetch("SELECT * FROM case_api.cases ORDER BY created_at")]


async def test_a_draft_contains_what_was_typed(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(
        category=WARRANTY, priority="High", description="Leaks.\r\nBadly.", contact_email="a@b.example"
    )
    (row,) = await cases(portal)
    assert row["web_case_id"] == case
    assert (row["category"], row["category_type"], row["priority"]) == ("Warranty", "Sales", "High")
    assert row["description"] == "Leaks.\nBadly."
    form = await dana.get(f"{CASES}/{case}/edit")
    assert 'value="a@b.example"' in form.text
    assert f"Draft {case}" in form.text
    assert "Contoso" in form.text


async def test_a_new_form_that_is_sent_twice_or_after_back_makes_one_draft(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    path = address_of(form)
    sent = [dana.send(form, path, follow=False, action="close", description="Once") for _ in range(3)]
    answers = await asyncio.gather(*sent)
    assert [answer.status_code for answer in answers].count(303) >= 1
    assert {answer.status_code for answer in answers} <= {303, 409}
    again = await dana.send(await dana.get(path), path, follow=False, action="close", description="Once")
    assert again.status_code == 303
    assert len(await cases(portal)) == 1


async def test_back_to_the_new_form_after_submit_sends_nothing_again(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    path = address_of(form)
    asked = await dana.send(form, path, action="finish", category=WARRANTY)
    assert "Submit" in asked.text
    submit = address_of(asked).replace("/edit?ask=submit", "/submit")
    first, second = await asyncio.gather(*(dana.send(asked, submit, follow=False) for _ in range(2)))
    assert (first.status_code, second.status_code) == (303, 303)
    reloaded = await dana.send(asked, submit)
    assert "is submitted" in reloaded.text
    back = await dana.send(form, path, action="finish", category=WARRANTY, description="changed after Back")
    assert "already submitted" in back.text
    assert "changed after Back" in back.text, "what was refused comes back"
    async with portal.database.connect() as connection:
        assert await connection.fetchval("SELECT count(*) FROM case_api.submissions") == 1
    assert len(await cases(portal)) == 1


async def test_an_address_for_a_new_case_that_was_used_leads_to_its_draft(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    path = address_of(form)
    await dana.send(form, path, follow=False, action="close", category=WARRANTY, description="first")
    (row,) = await cases(portal)
    again = await dana.get(path)
    assert address_of(again) == f"{CASES}/{row['web_case_id']}/edit"
    assert "first" in again.text
    asked = await dana.get(f"{CASES}/{row['web_case_id']}/edit?ask=submit")
    await dana.send(asked, f"{CASES}/{row['web_case_id']}/submit")
    fresh = await dana.get(path)
    assert address_of(fresh).startswith(f"{CASES}/new?key=")
    assert address_of(fresh) != path, "once it is submitted, there is a fresh one"


async def test_a_second_case_never_takes_the_place_of_the_first(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    tab = await dana.get(address_of(form))
    await dana.send(form, address_of(form), follow=False, action="close", description="first")
    for page in (form, tab):
        refused = await dana.send(page, address_of(page), action="close", description="second")
        assert refused.status_code == 409
        assert "stays unchanged" in refused.text
        assert "second</textarea>" in refused.text
    address = re.search(r'action="([^"]+/new\?key=[0-9a-f]{32})"', refused.text)
    assert address
    assert (await dana.send(refused, address[1], follow=False, action="close", description="second")).status_code == 303
    assert [row["description"] for row in await cases(portal)] == ["first", "second"]


async def test_a_new_case_is_saved_by_itself_and_two_tabs_make_two(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    path = address_of(form)
    tab = await dana.get(path)
    nothing = await dana.send(form, path, action="autosave")
    assert (nothing.status_code, nothing.json()) == (200, {"message": ""})
    saved = await dana.send(form, path, action="autosave", description="fir")
    (row,) = await cases(portal)
    assert saved.json()["address"] == f"{CASES}/{row['web_case_id']}/edit"
    lost = await dana.send(form, path, action="autosave", description="first")
    assert lost.json()["etag"] == '"3"', "its answer may be lost: the same page goes on"
    other = await dana.send(tab, path, action="autosave", description="second")
    assert other.status_code == 409
    assert "to create a new one" in other.json()["message"]
    assert [row["description"] for row in await cases(portal)] == ["first"]
    refused = await dana.send(form, path, action="autosave", contact_phone="1" * 51)
    assert refused.status_code == 422


@pytest.mark.parametrize("action", ["autosave", "close"])
async def test_a_refused_first_save_goes_on_in_the_draft_that_it_began(
    portal: Portal, dana: Browser, action: str
) -> None:
    form = await dana.get(f"{CASES}/new")
    refused = await dana.send(form, address_of(form), action=action, contact_phone="1" * 51, description="the pump")
    assert refused.status_code == 422
    (row,) = await cases(portal)
    path = f"{CASES}/{row['web_case_id']}/edit"
    if action == "autosave":
        assert refused.json() | {"address": path, "etag": '"1"'} == refused.json()
        corrected = {**hidden(form.text), "etag": '"1"', "page": path, "action": "close", "description": "the pump"}
        saved = await dana.http.post(path, data=corrected)
    else:
        assert f"Draft {row['web_case_id']}" in refused.text, "so Cancel deletes it"
        assert f'action="{CASES}/{row["web_case_id"]}/delete"' in refused.text
        assert "at most 50 characters" in refused.text
        saved = await dana.send(refused, path, follow=False, action="close", description="the pump")
    assert saved.status_code == 303
    assert [row["description"] for row in await cases(portal)] == ["the pump"]


@pytest.mark.parametrize("action", ["autosave", "close"])
async def test_a_new_case_whose_first_answer_is_lost_goes_on_in_the_same_draft(
    portal: Portal, dana: Browser, action: str
) -> None:
    form = await dana.get(f"{CASES}/new")
    path = address_of(form)
    tab = await dana.get(path)
    portal.api.mute = "POST"
    assert (await dana.send(form, path, action=action, description="fir")).status_code == 503
    portal.api.mute = "PATCH"
    assert (await dana.send(form, path, action=action, description="first")).status_code == 503
    portal.api.mute = ""
    saved = await dana.send(form, path, follow=False, action=action, description="first")
    assert saved.status_code == (200 if action == "autosave" else 303)
    assert [row["description"] for row in await cases(portal)] == ["first"]
    other = await dana.send(tab, path, action=action, description="second")
    assert other.status_code == 409
    assert [row["description"] for row in await cases(portal)] == ["first"]


async def test_of_two_tabs_that_begin_one_case_the_later_writes_over_nothing(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    path = address_of(form)
    tab = await dana.get(path)
    await dana.send(form, path, action="autosave", description="first")
    async with portal.database.connect() as connection:
        await connection.execute("DELETE FROM portal_web.begun_cases")  # as if both had come at once
    other = await dana.send(tab, path, action="close", description="second")
    assert (other.status_code, "stays unchanged" in other.text, "second</textarea>" in other.text) == (409, True, True)
    assert [row["description"] for row in await cases(portal)] == ["first"]


async def test_what_was_typed_into_a_draft_that_is_submitted_elsewhere_comes_back(
    portal: Portal, dana: Browser
) -> None:
    case = await dana.draft(category=WARRANTY, description="first")
    path = f"{CASES}/{case}"
    form, asked = await dana.get(f"{path}/edit"), await dana.get(f"{path}/edit?ask=submit")
    await dana.send(asked, f"{path}/submit")
    late = await dana.send(form, f"{path}/edit", action="close", category=WARRANTY, description="typed on")
    assert late.status_code == 409
    assert "already submitted" in late.text
    assert "typed on</textarea>" in late.text
    same = await dana.send(form, f"{path}/edit", action="close", category=WARRANTY, description="first")
    assert address_of(same) == path


async def test_what_is_missing_is_shown_beside_its_field_and_in_a_summary(dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    refused = await dana.send(form, address_of(form), action="finish", contact_email="nonsense", description="kept")
    assert address_of(refused).endswith("/edit?ask=submit")
    assert '<a href="#category">Category: Choose a category.</a>' in refused.text
    assert 'id="contact_email-error"' in refused.text
    assert 'aria-describedby="category-error"' in refused.text
    assert "kept" in refused.text
    assert '<dialog id="submit"' not in refused.text


async def test_what_cannot_be_saved_stays_in_the_form(dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    refused = await dana.send(form, address_of(form), action="close", contact_phone="1" * 51, notes="still here")
    assert refused.status_code == 422
    assert "at most 50 characters" in refused.text
    assert "still here" in refused.text


async def test_both_versions_are_shown_where_a_draft_was_changed_elsewhere(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(category=WARRANTY, description="first")
    path = f"{CASES}/{case}/edit"
    mine, theirs = await dana.get(path), await dana.get(path)
    await dana.send(theirs, path, follow=False, action="close", category=WARRANTY, description="theirs")
    both = await dana.send(mine, path, action="close", category=WARRANTY, description="mine")
    assert both.status_code == 409
    assert "changed elsewhere" in both.text
    assert ">theirs</span>" in both.text
    assert "mine</textarea>" in both.text
    (row,) = await cases(portal)
    assert row["description"] == "theirs", "nothing is overwritten unasked"
    await dana.send(both, path, follow=False, action="close", category=WARRANTY, description="mine")
    (row,) = await cases(portal)
    assert row["description"] == "mine", "but knowingly"


async def test_the_same_content_is_no_conflict(dana: Browser) -> None:
    case = await dana.draft(description="first")
    path = f"{CASES}/{case}/edit"
    form = await dana.get(path)
    for _ in range(2):
        answer = await dana.send(form, path, follow=False, action="close", description="same")
        assert answer.status_code == 303


async def test_after_a_lost_answer_the_same_text_gets_the_version_on_which_the_newer_is_saved(
    portal: Portal, dana: Browser
) -> None:
    case = await dana.draft(description="first")
    path = f"{CASES}/{case}/edit"
    form = await dana.get(path)
    portal.api.mute = "PATCH"
    assert (await dana.send(form, path, action="autosave", description="second")).status_code == 503
    portal.api.mute = ""
    again = await dana.send(form, path, action="autosave", description="second")
    assert (again.status_code, again.json()["etag"]) == (200, '"3"')
    newer = {**hidden(form.text), "etag": again.json()["etag"], "action": "autosave", "description": "third"}
    assert (await dana.http.post(path, data=newer)).status_code == 200
    late = await dana.send(form, path, action="autosave", description="second")
    assert late.status_code == 409, "once another text is saved, it is a conflict"
    assert [row["description"] for row in await cases(portal)] == ["third"]


async def test_autosave_answers_with_the_next_version(dana: Browser) -> None:
    case = await dana.draft(description="first")
    path = f"{CASES}/{case}/edit"
    form = await dana.get(path)
    saved = await dana.send(form, path, follow=False, action="autosave", description="second")
    assert saved.json()["etag"] == '"3"'
    assert "saved at" in saved.json()["message"]
    stale = await dana.send(form, path, follow=False, action="autosave", description="third")
    assert stale.status_code == 409
    assert "changed elsewhere" in stale.json()["message"]


async def test_a_draft_that_changed_after_the_question_is_not_submitted(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(category=WARRANTY, description="as asked")
    path = f"{CASES}/{case}"
    asked = await dana.get(f"{path}/edit?ask=submit")
    form = await dana.get(f"{path}/edit")
    await dana.send(form, f"{path}/edit", follow=False, action="close", category=WARRANTY, description="changed")
    answer = await dana.send(asked, f"{path}/submit")
    assert "has changed in the meantime" in answer.text
    assert "changed" in answer.text
    async with portal.database.connect() as connection:
        assert await connection.fetchval("SELECT count(*) FROM case_api.submissions") == 0


async def test_a_draft_deleted_elsewhere_can_be_saved_as_a_new_one(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(description="first")
    path = f"{CASES}/{case}/edit"
    form = await dana.get(path)
    asked = await dana.get(f"{CASES}/{case}/delete")
    await dana.send(asked, f"{CASES}/{case}/delete", follow=False)
    assert await cases(portal) == []
    gone = await dana.send(form, path, action="close", description="typed on")
    assert gone.status_code == 409
    assert "deleted elsewhere" in gone.text
    assert "typed on" in gone.text


async def test_a_submitted_case_is_viewed_not_edited(dana: Browser) -> None:
    case = await dana.draft(category=WARRANTY)
    asked = await dana.get(f"{CASES}/{case}/edit?ask=submit")
    view = await dana.send(asked, f"{CASES}/{case}/submit")
    assert "On its way to D365" in view.text
    assert "<textarea" not in view.text
    assert "dana" in view.text
    redirected = await dana.get(f"{CASES}/{case}/edit")
    assert address_of(redirected) == f"{CASES}/{case}"
    assert "You can no longer edit it" in redirected.text


async def test_deleting_twice_is_as_good_as_once(dana: Browser) -> None:
    case = await dana.draft(description="x")
    asked = await dana.get(f"{CASES}/{case}/delete")
    assert "You cannot undo this" in asked.text
    for _ in range(2):
        answer = await dana.send(asked, f"{CASES}/{case}/delete", follow=False)
        assert answer.status_code == 303


async def test_copying_twice_makes_one_draft(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(category=WARRANTY, description="again")
    view = await dana.get(f"{CASES}/{case}")
    for _ in range(2):
        copied = await dana.send(view, f"{CASES}/{case}/copy")
        assert "again" in copied.text
        assert f"with the content of case {case}" in copied.text
    assert len(await cases(portal)) == 2


async def test_what_users_write_is_text(dana: Browser) -> None:
    case = await dana.draft(category=WARRANTY, description="<script>alert(1)</script>", contact_name='"><b>')
    for path in (f"{CASES}/{case}/edit", f"{CASES}/{case}", f"{CASES}/{case}/delete"):
        page = await dana.get(path)
        assert "<script>alert" not in page.text
        assert '"><b>' not in page.text


async def test_pages_need_three_calls_at_most(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(category=WARRANTY)
    for path in (
        f"{CASES}/new?key={'a' * 32}",
        f"{CASES}/{case}/edit",
        f"{CASES}/{case}/edit?ask=submit",
        f"{CASES}/{case}",
    ):
        portal.api.asked.clear()
        assert (await dana.get(path)).status_code == 200
        assert len(portal.api.asked) <= 3, portal.api.asked


async def test_an_api_that_is_away_costs_nobody_what_was_typed(portal: Portal, dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    portal.api.away = True
    answer = await dana.send(form, address_of(form), action="close", description="typed")
    assert answer.status_code == 503
    assert "Not saved: the service is not responding" in answer.text
    assert ">\ntyped</textarea>" in answer.text


async def test_a_long_form_field_is_refused_with_words(dana: Browser) -> None:
    form = await dana.get(f"{CASES}/new")
    answer = await dana.send(form, address_of(form), action="close", notes="x" * 100_001)
    assert answer.status_code == 413
    assert "too long" in answer.text


async def test_what_is_too_long_is_shown_at_its_field_and_kept(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(description="short")
    form = await dana.get(f"{CASES}/{case}/edit")
    assert "maxlength" not in form.text
    long = "n" * 20_001
    answer = await dana.send(form, f"{CASES}/{case}/edit", action="close", description="short", notes=long)
    assert (answer.status_code, long in answer.text) == (422, True)
    assert "This is too long. Use at most 20,000 characters." in answer.text
    assert 'id="notes" name="notes" rows="5" dir="auto" aria-invalid="true"' in answer.text


async def test_a_pasted_address_is_saved_as_what_it_is_and_line_ends_make_no_difference(
    portal: Portal, dana: Browser
) -> None:
    case = await dana.draft(description="one", contact_email=" mailto:\u200bann@example.com ")
    assert (await cases(portal))[0]["contact_email"] == "ann@example.com"
    async with portal.database.connect() as connection:
        await connection.execute("UPDATE case_api.cases SET description = E'one\\r\\ntwo ', version = version + 1")
    form = await dana.get(f"{CASES}/{case}/edit")
    assert "data-unsaved" not in form.text
    async with portal.database.connect() as connection:
        await connection.execute("UPDATE case_api.cases SET version = version + 1")
    same = await dana.send(
        form, f"{CASES}/{case}/edit", follow=False, action="close", description="one\r\ntwo",
        contact_email="Ann <ann@example.com>",
    )  # fmt: skip
    assert same.status_code == 303, "no conflict"


async def test_the_form_says_that_the_contact_counts_with_the_notes(portal: Portal) -> None:
    async with portal.database.connect() as connection:
        await connection.execute("INSERT INTO case_api.d365_lengths VALUES ('contact_and_notes', 40)")
    async with portal.browser() as dana:
        form = await dana.sign_in("dana", f"{CASES}/new")
        refused = await dana.send(
            form, address_of(form), action="finish", category=WARRANTY, contact_name="Ann", notes="n" * 27
        )
    assert re.search(r'data-counts="notes" data-most="40" data-units="utf-16"', form.text)
    assert "This is too long. D365 stores contact and notes together, at most 40 characters." in refused.text


async def test_the_form_knows_how_much_d365_keeps(portal: Portal) -> None:
    async with portal.database.connect() as connection:
        await connection.execute("INSERT INTO case_api.d365_lengths VALUES ('description', 20), ('notes', 30000)")
        await connection.execute("DELETE FROM status_sync.priorities")
    async with portal.browser() as dana:
        form = await dana.sign_in("dana", f"{CASES}/new")
        refused = await dana.send(form, address_of(form), action="finish", category=WARRANTY, description="x" * 21)

    assert re.search(r'<textarea id="description"[^>]* maxlength="20"', form.text)
    assert re.search(r'data-counts="description" data-most="20" data-units="utf-16"', form.text)
    assert not re.search(r'<textarea id="notes"[^>]* maxlength', form.text)
    assert 'id="priority"' not in form.text
    assert "This is too long. D365 stores at most 20 characters." in refused.text


async def test_a_category_of_several_types_gets_none_that_nobody_chose(portal: Portal, dana: Browser) -> None:
    case = await dana.draft(category=":Parts")
    form = await dana.get(f"{CASES}/{case}/edit")
    chosen = re.findall(r'<option value="([^"]*)"[^>]* selected>([^<]*)<', form.text)
    assert [value for value, _ in chosen] == [":Parts"]
    assert chosen[0][1].endswith("choose the type")
    asked = await dana.send(form, f"{CASES}/{case}/edit", action="finish", category=":Parts")
    assert (await cases(portal))[0]["category_type"] is None
    assert "Category: Several types have this category. Choose one of them." in asked.text
    await dana.send(asked, f"{CASES}/{case}/edit", follow=False, action="close", category="General:Parts")
    chosen = re.findall(r'<option value="([^"]*)"[^>]* selected>', (await dana.get(f"{CASES}/{case}/edit")).text)
    assert chosen == ["General:Parts"]


async def test_a_category_of_one_type_needs_none(dana: Browser) -> None:
    case = await dana.draft(category=":Warranty")
    form = await dana.get(f"{CASES}/{case}/edit")
    assert re.findall(r'<option value="([^"]*)"[^>]* selected>', form.text) == [WARRANTY]
