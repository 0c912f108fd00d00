"""cases.csv: the whole list as shown, safe in a spreadsheet."""

import csv
import io
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from case_api.app import export_cases
from case_shared.words.spreadsheets import Separator, Spreadsheet
from tests.integration.case_api.conftest import CASES, DEALER, OTHER, Api, token


async def exported(api: Api, dealer: str = DEALER, **query: Any) -> list[dict[str, str]]:
    answer = await api.client.get(f"/v1/dealers/{dealer}/cases.csv", params=query)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_all_of_a_list_is_exported_in_its_order(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_cases, "_CHUNK", 2)
    monkeypatch.setattr(export_cases, "_SORTED_CHUNK", 2)
    for number in range(5):
        await api.create(description=f"{number}", category="Parts" if number % 2 else None)
    await api.create(OTHER)
    for sort in ("-created_at", "created_at", "description", "-category", "case_id"):
        items = (await api.client.get(CASES, params={"sort": sort})).json()["items"]
        rows = await exported(api, sort=sort)
        assert [row["web_case_id"] for row in rows] == [case["web_case_id"] for case in items]
    assert len(await exported(api, category="Parts")) == 2
    assert await exported(api, q="nobody") == []
    [row, *_] = await exported(api)
    assert row["created_at (UTC)"] == items[-1]["created_at"][:19].replace("T", " ")
    assert (row["status"], row["case_id"], row["created_by"]) == ("draft", "", "ann")


async def test_the_file_is_named_and_opens_in_a_spreadsheet(api: Api) -> None:
    await api.create(description='Öl, "heiß"\nund mehr')
    answer = await api.client.get(f"{CASES}.csv")
    assert answer.content.startswith(b"\xef\xbb\xbfweb_case_id,case_id,")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="cases-{DEALER}-20')
    assert answer.content.count(b"\r\n") == 2
    assert (await exported(api))[0]["description"] == 'Öl, "heiß"\nund mehr'


@pytest.mark.parametrize(
    ("query", "accepted", "separator"),
    [
        ({}, "", ","),
        ({}, "de-AT, en;q=0.9", ";"),
        ({}, "is", ";"),
        ({}, "en-GB, de;q=0.5", ","),
        ({"separator": "comma"}, "de", ","),
        ({"separator": "tab"}, "de", "\t"),
    ],
)
async def test_cells_are_separated_as_the_reader_s_spreadsheet_does(
    api: Api, query: dict[str, str], accepted: str, separator: str
) -> None:
    await api.create(description="a,b;c\td")
    answer = await api.client.get(f"{CASES}.csv", params=query, headers={"Accept-Language": accepted})
    assert "Accept-Language" in answer.headers["vary"]
    text = answer.content.decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    assert (row["description"], row["status"]) == ("a,b;c\td", "draft")


async def test_times_are_those_of_the_zone_that_the_header_names(api: Api) -> None:
    case = await api.create()
    [row] = await exported(api, zone="Asia/Kolkata")
    moment = datetime.fromisoformat(row["created_at (Asia/Kolkata)"]).replace(tzinfo=ZoneInfo("Asia/Kolkata"))
    assert moment == datetime.fromisoformat(case["created_at"]).replace(microsecond=0)


# How spreadsheets read a line: each splits by its own separator, and honors quotes only at the start of a cell.
@pytest.mark.parametrize("text", [
    "=1+1", "+1", "-1", "@x", "  =1", "x;=1+1", "x,=1+1", "x\t=1+1", "x\n=1+1", "x\r=1+1", "x; \"=1+1", 'a"b;""@x',
    "\uff1d1", "x;\uff0b1", "x,\u00a0=1", "x;\u200b=1", "\tx", "\rx", '";=1',
])  # fmt: skip
@pytest.mark.parametrize("split", [",", ";", "\t"])
async def test_no_cell_is_a_formula_whatever_splits_the_line(text: str, split: str) -> None:
    for separator in Separator:
        file = Spreadsheet(separator, ZoneInfo("UTC")).lines([("W1", text, "end")]).decode()
        for line in re.split(r"[\r\n]", file) if split != separator.character else [file]:
            for cell in [found for row in csv.reader(io.StringIO(line, newline=""), delimiter=split) for found in row]:
                read = cell.lstrip(' "\u00a0\u200b')
                assert not read.startswith(("=", "+", "-", "@", "\uff1d", "\uff0b")), (file, cell)


async def test_ordinary_words_stay_as_they_are(api: Api) -> None:
    text = "Pump 3-way; 5 = five, a+b@example.com\n\nsecond"
    await api.create(description=text)
    assert (await exported(api))[0]["description"] == text


async def test_another_dealers_list_does_not_exist(api: Api) -> None:
    answer = await api.client.get(f"{CASES}.csv", headers=token(dealers=OTHER))
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "query", ["limit=5", "cursor=x", "counts=true", "sort=x", "q=%00", "zone=Mars/Base", "separator=|"]
)
async def test_wrong_parameters_are_refused(api: Api, query: str) -> None:
    assert (await api.client.get(f"{CASES}.csv?{query}")).status_code == 422
