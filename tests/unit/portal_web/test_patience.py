"""How long pages wait for d365-sync, where D365 is asked meanwhile."""

import httpx2
import pytest

from portal_web.clients.operators_api import OperatorsApi
from portal_web.clients.rest import Rest, Unavailable


@pytest.mark.parametrize(("action", "seconds"), [("discard", 15.0), ("link", 40.0)])
async def test_a_link_is_awaited_longer_than_d365_sync_waits_for_d365(action: str, seconds: float) -> None:
    waited: list[float] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        waited.append(request.extensions["timeout"]["read"])
        return httpx2.Response(503)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        api = OperatorsApi(Rest(http, "http://d365-sync", "token"))
        with pytest.raises(Unavailable):
            await api.act("W1-1", action, {"reason": "a test"}, '"1"')

    assert waited == [seconds]
