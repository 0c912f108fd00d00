"""Each request has its own ID, and a case's outcome names it and D365's ID."""

from uuid import UUID

import pytest
from structlog.testing import capture_logs

from case_shared.d365.answers import Created, NotSent, Unknown
from case_shared.d365.errors import D365Error
from tests.support.patience import PATIENCE
from tests.unit.case_shared.d365.scripted import Step, answer, client_of, hang_up, odata_error, scripted
from tests.unit.case_shared.d365.test_creating import CASE, MADE

REQUEST = "x-ms-client-request-id"


async def test_every_request_has_an_id_and_the_answer_s_is_kept() -> None:
    async with scripted(answer(401), answer(201, MADE, ms_dyn_aid="of-d365")) as d365, client_of(d365.url) as client:
        with capture_logs() as logs:
            came = await client.create_case(CASE, timeout=5 * PATIENCE)

    assert isinstance(came, Created)
    assert came.exchange.support is not None
    first, second = (UUID(request.headers[REQUEST]) for request in d365.requests)
    assert first != second, "what is sent again after a 401 is another request"
    assert (came.exchange.support.client_request_id, came.exchange.support.dyn_aid) == (second, "of-d365")
    (line,) = [one for one in logs if one["event"] == "d365_request" and one["status"] == 201]
    assert (line["client_request_id"], line["dyn_aid"]) == (str(second), "of-d365")


async def test_an_answer_that_is_lost_leaves_the_id_of_the_request() -> None:
    async with scripted(hang_up) as d365, client_of(d365.url) as client:
        with capture_logs() as logs:
            came = await client.create_case(CASE, timeout=5 * PATIENCE)

    assert isinstance(came, Unknown)
    sent = d365.requests[0].headers[REQUEST]
    assert str(came.exchange.support and came.exchange.support.client_request_id) == sent
    assert [one["client_request_id"] for one in logs if one["event"] == "d365_answer_lost"] == [sent]


async def test_what_was_never_sent_has_no_id() -> None:
    async with scripted() as d365, client_of(d365.url, data_url="http://127.0.0.1:9") as client:
        came = await client.create_case(CASE, timeout=5 * PATIENCE)
    assert isinstance(came, NotSent)
    assert came.exchange.support is None


@pytest.mark.parametrize("step", [answer(500, odata_error("x"), ms_dyn_aid="a"), answer(200, "[]"), hang_up])
async def test_a_failed_read_names_its_request(step: Step) -> None:
    async with scripted(step) as d365, client_of(d365.url) as client:
        with pytest.raises(D365Error) as failed:
            await client.probe(timeout=5 * PATIENCE)
    assert failed.value.support is not None
    assert str(failed.value.support.client_request_id) == d365.requests[0].headers[REQUEST]


async def test_each_key_of_a_look_up_names_the_request_that_answered_for_it() -> None:
    async with scripted(answer(200, '{"value": []}')) as d365, client_of(d365.url) as client:
        keys = [f"W{number}" for number in range(20)]
        found = await client.find_by_web_case_id("usmf", keys, control_case_ids=[], timeout=5 * PATIENCE)
    first, second = (request.headers[REQUEST] for request in d365.requests)
    assert [str(found.support[key].client_request_id) for key in (keys[0], keys[-1])] == [first, second]


async def test_an_endless_id_is_cut() -> None:
    long = answer(200, '{"value": []}', ms_dyn_aid="a" * 4000)
    async with scripted(long) as d365, client_of(d365.url) as client:
        found = await client.find_by_web_case_id("usmf", ["W1"], control_case_ids=[], timeout=5 * PATIENCE)
    assert found.support["W1"].dyn_aid == "a" * 200
