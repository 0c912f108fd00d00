"""Nothing that a client sends causes a 500."""

from tests.integration.case_api.conftest import DEALER, Api, token
from tests.support.odd_requests import failures


async def test_odd_bytes_are_refused_as_what_they_are(api: Api) -> None:
    case = await api.create()
    word = token()["Authorization"].removeprefix("Bearer ")
    assert await failures(api.app, word, {"dealer": DEALER, "web_case_id": case["web_case_id"]}) == []
