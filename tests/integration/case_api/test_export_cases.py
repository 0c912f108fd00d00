"""cases.csv: the whole list as it is shown, safe in a spreadsheet."""

import csv
import io
from typing import Any

import pytest

from case_api.app import export_cases
from tests.integration.case_api.conftest import CASES, DEALER, OTHER, Api, token

FORMULAS = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1"]


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
    assert row["created_at"] == items[0]["created_at"] or row["created_at"].endswith("Z")
    assert (row["status"], row["case_id"], row["created_by"]) == ("draft", "", "ann")


async def test_the_file_is_named_and_opens_in_a_spreadsheet(api: Api) -> None:
    await api.create(description='Öl, "heiß"\nund mehr')
    answer = await api.client.get(f"{CASES}.csv")
    assert answer.content.startswith(b"\xef\xbb\xbfweb_case_id,case_id,")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="cases-{DEALER}-20')
    assert answer.content.count(b"\r\n") == 2
    assert (await exported(api))[0]["description"] == 'Öl, "heiß"\nund mehr'


@pytest.mark.parametrize("formula", FORMULAS)
async def test_no_cell_is_a_formula(api: Api, formula: str) -> None:
    await api.create(description=formula)
    assert (await exported(api))[0]["description"] == f"'{formula}"


async def test_another_dealers_list_does_not_exist(api: Api) -> None:
    answer = await api.client.get(f"{CASES}.csv", headers=token(dealers=OTHER))
    assert answer.status_code == 404


@pytest.mark.parametrize("query", ["limit=5", "cursor=x", "counts=true", "sort=x", "q=%00"])
async def test_wrong_parameters_are_refused(api: Api, query: str) -> None:
    assert (await api.client.get(f"{CASES}.csv?{query}")).status_code == 422
