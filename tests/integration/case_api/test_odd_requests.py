"""Nothing that a client sends causes a 500, or work out of proportion."""

import time

import pytest

from tests.integration.case_api.conftest import CASES, DEALER, Api, Json, token
from tests.support.odd_requests import failures


async def test_odd_bytes_are_refused_as_what_they_are(api: Api) -> None:
    case = await api.create()
    word = token()["Authorization"].removeprefix("Bearer ")
    assert await failures(api.app, word, {"dealer": DEALER, "web_case_id": case["web_case_id"]}) == []


@pytest.mark.parametrize(
    "wide", [dict.fromkeys(map(str, range(100_000)), 1), {"contact": dict.fromkeys("abcdefgh" * 9)}]
)
async def test_very_many_unknown_fields_are_one_error_or_few(api: Api, wide: Json) -> None:
    began = time.process_time()
    answer = await api.client.post(CASES, json=wide)
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) <= 50
    assert time.process_time() - began < 0.5


async def test_very_many_fields_are_named_as_such(api: Api) -> None:
    for body, pointer in (
        ({f"f{n}": 1 for n in range(51)}, ""),
        ({"contact": {f"f{n}": 1 for n in range(51)}}, "/contact"),
    ):
        [error] = (await api.client.post(CASES, json=body)).json()["errors"]
        assert error == {"pointer": pointer, "detail": "Send at most 50 fields."}
