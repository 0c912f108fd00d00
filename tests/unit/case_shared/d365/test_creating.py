import json
from typing import Any
from uuid import UUID

import pytest
from opentelemetry import trace

from case_shared.d365.answers import (
    CreateAnswer,
    Created,
    Forbidden,
    Misconfigured,
    NotSent,
    Rejected,
    Throttled,
    Unauthorized,
    Unknown,
)
from case_shared.d365.echo import Difference
from case_shared.d365.mapping import CaseFields, CaseTable, Mapping
from case_shared.d365.models import CaseToCreate
from tests.support.patience import PATIENCE
from tests.unit.case_shared.d365.scripted import (
    Step,
    answer,
    client_of,
    hang_up,
    odata_error,
    reset,
    scripted,
    silence,
    then_hang_up,
    token,
)

# Much more than an answer takes.
SECONDS = 5 * PATIENCE
CASE = CaseToCreate(
    data_area_id="usmf",
    web_case_id="W123456789",
    submission_id=UUID("3c47a4cd-0000-4000-8000-000000000001"),
    customer_account="US-001",
    category="Repair",
    contact_name="Ada Lovelace",
    notes="call me",
)
MADE = json.dumps({"dataAreaId": "usmf", "CaseId": "C-1", "WebCaseId": "W123456789", "Notes": "call me"})
HTML = "<html>oops</html>"
REFUSED = odata_error(
    "Write failed for table row of type 'X'. Infolog: Warning: No; Warning: validateWrite failed on data source 'D'."
)


async def create(*steps: Step, seconds: float = SECONDS) -> CreateAnswer:
    async with scripted(*steps) as d365, client_of(d365.url) as client:
        return await client.create_case(CASE, timeout=seconds)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param(answer(201, MADE), Created, id="201"),
        pytest.param(answer(200, MADE), Created, id="200"),
        pytest.param(answer(400, REFUSED), Rejected, id="400"),
        pytest.param(answer(409, REFUSED), Rejected, id="409"),
        pytest.param(answer(412, REFUSED), Rejected, id="412"),
        pytest.param(answer(422, REFUSED), Rejected, id="422"),
        pytest.param(answer(400, ""), Rejected, id="400 without a body"),
        pytest.param(answer(500, REFUSED), Rejected, id="500 with an OData error"),
        pytest.param(answer(429, ""), Throttled, id="429"),
        pytest.param(answer(429, HTML, "text/html", Retry_After="7"), Throttled, id="429 with a page"),
        pytest.param(answer(401, ""), Unauthorized, id="401"),
        pytest.param(answer(403, REFUSED), Forbidden, id="403"),
        pytest.param(answer(404, ""), Misconfigured, id="404"),
        pytest.param(answer(404, HTML, "text/html"), Misconfigured, id="404 with a page"),
        pytest.param(answer(400, HTML, "text/html"), Unknown, id="400 with a page"),
        pytest.param(answer(408, ""), Unknown, id="408"),
        pytest.param(answer(500, ""), Unknown, id="500 without a body"),
        pytest.param(answer(500, '{"error": {"message": "x"}}'), Unknown, id="500 without innererror"),
        pytest.param(answer(500, HTML, "text/html"), Unknown, id="500 with a page"),
        pytest.param(answer(500, REFUSED, "text/plain"), Unknown, id="500 that is not called JSON"),
        pytest.param(answer(502, ""), Unknown, id="502"),
        pytest.param(answer(503, REFUSED), Unknown, id="503"),
        pytest.param(answer(504, ""), Unknown, id="504"),
        pytest.param(answer(413, ""), Unknown, id="413"),
        pytest.param(answer(302, "", Location="/login"), Unknown, id="redirect"),
        pytest.param(answer(200, HTML, "text/html"), Unknown, id="200 with a page"),
        pytest.param(answer(201, "{}"), Unknown, id="201 without a Case ID"),
        pytest.param(answer(201, '{"CaseId": " "}'), Unknown, id="201 with an empty Case ID"),
        pytest.param(answer(201, '{"CaseId": 5}'), Unknown, id="201 with a number for a Case ID"),
        pytest.param(answer(201, '{"CaseId": "C-9", "WebCaseId": "W000"}'), Unknown, id="201 of another case"),
        pytest.param(answer(201, '{"CaseId": "C-'), Unknown, id="201 with broken JSON"),
        pytest.param(answer(201, '["C-1"]'), Unknown, id="201 with a list"),
        pytest.param(answer(204), Unknown, id="204"),
        pytest.param(then_hang_up(answer(201, MADE)[:-9]), Unknown, id="201 cut off"),
        pytest.param(then_hang_up(b"HTTP/1.1 201 Crea"), Unknown, id="cut off in the first line"),
        pytest.param(then_hang_up(b"garbage\r\n\r\n"), Unknown, id="no HTTP"),
        pytest.param(hang_up, Unknown, id="hangs up"),
        pytest.param(reset, Unknown, id="resets"),
    ],
)
async def test_every_row_of_the_outcome_table(step: Step, expected: type[CreateAnswer]) -> None:
    outcome = await create(step)

    assert isinstance(outcome, expected), outcome
    assert outcome.exchange.duration_seconds >= 0


async def test_one_post_only_whatever_happens_to_it() -> None:
    for step in (hang_up, reset, answer(500, ""), answer(503, ""), answer(429, "")):
        async with scripted(step) as d365, client_of(d365.url) as client:
            await client.create_case(CASE, timeout=SECONDS)
            assert len(d365.requests) == 1


async def test_a_connection_kept_alive_that_dies_under_the_post_is_unknown_and_not_sent_again() -> None:
    async with scripted(answer(201, MADE), hang_up) as d365, client_of(d365.url) as client:
        assert isinstance(await client.create_case(CASE, timeout=SECONDS), Created)
        assert isinstance(await client.create_case(CASE, timeout=SECONDS), Unknown)
        assert len(d365.requests) == 2


async def test_silence_is_unknown_when_the_time_is_up() -> None:
    outcome = await create(silence, seconds=1 * PATIENCE)

    assert isinstance(outcome, Unknown)
    assert outcome.status is None
    assert PATIENCE / 2 < outcome.exchange.duration_seconds < 10 * PATIENCE, "the token takes little of the time"


async def test_a_time_out_in_the_middle_of_the_answer_is_unknown() -> None:
    outcome = await create(lambda writer: writer.write(answer(201, MADE)[:-5]), seconds=1 * PATIENCE)

    assert isinstance(outcome, Unknown)
    assert outcome.status == 201


async def test_nobody_listening_means_nothing_sent() -> None:
    async with scripted(answer(201, MADE)) as d365, client_of(d365.url, data_url="http://127.0.0.1:9") as client:
        outcome = await client.create_case(CASE, timeout=SECONDS)

    assert isinstance(outcome, NotSent)
    assert len(d365.token_requests) == 1


async def test_a_failed_tls_handshake_means_nothing_sent() -> None:
    async with scripted(answer(201, MADE)) as d365, client_of(d365.url, data_url=f"https{d365.url[4:]}") as client:
        outcome = await client.create_case(CASE, timeout=SECONDS)

    assert isinstance(outcome, NotSent)


async def test_an_unknown_host_means_nothing_sent() -> None:
    async with scripted(answer(201, MADE)) as d365, client_of(d365.url, data_url="http://d365.invalid") as client:
        assert isinstance(await client.create_case(CASE, timeout=SECONDS), NotSent)


async def test_no_token_means_nothing_sent() -> None:
    async with scripted(answer(201, MADE)) as d365, client_of(d365.url) as client:
        d365.tokens = [answer(503)]
        outcome = await client.create_case(CASE, timeout=SECONDS)

    assert isinstance(outcome, NotSent)
    assert d365.requests == []


async def test_a_refused_client_is_unauthorized() -> None:
    async with scripted(answer(201, MADE)) as d365, client_of(d365.url) as client:
        d365.tokens = [answer(401, '{"error": "invalid_client"}')]
        assert isinstance(await client.create_case(CASE, timeout=SECONDS), Unauthorized)


async def test_after_a_401_one_fresh_token_is_tried() -> None:
    async with scripted(answer(401), answer(201, MADE)) as d365, client_of(d365.url) as client:
        d365.tokens = [token("old"), token("new")]
        outcome = await client.create_case(CASE, timeout=SECONDS)

    assert isinstance(outcome, Created)
    assert [request.headers["authorization"] for request in d365.requests] == ["Bearer old", "Bearer new"]


async def test_after_a_401_whose_repeat_cannot_be_sent_the_outcome_is_unknown() -> None:
    """A gateway may have passed the first one on."""
    async with scripted(answer(401)) as d365, client_of(d365.url) as client:
        d365.tokens = [token("old"), *[answer(503) for _ in range(10)]]
        outcome = await client.create_case(CASE, timeout=SECONDS)

    assert isinstance(outcome, Unknown)
    assert (outcome.status, len(d365.requests)) == (401, 1)
    assert "answered 401" in outcome.why


async def test_no_time_left_means_nothing_sent() -> None:
    async with scripted(answer(201, MADE)) as d365, client_of(d365.url) as client:
        assert isinstance(await client.create_case(CASE, timeout=0), NotSent)
        assert d365.requests == []


async def test_what_is_sent() -> None:
    async with scripted(answer(201, MADE)) as d365, client_of(d365.url) as client:
        outcome = await client.create_case(CASE, timeout=SECONDS)

    assert isinstance(outcome, Created)
    assert outcome.case_id == "C-1"
    [request] = d365.requests
    assert (request.method, request.path) == ("POST", "/data/DealerPortalCases?cross-company=true")
    assert json.loads(request.body) == {
        "dataAreaId": "usmf",
        "WebCaseId": "W123456789",
        "SubmissionId": "3c47a4cd-0000-4000-8000-000000000001",
        "CustomerAccount": "US-001",
        "CaseCategory": "Repair",
        "ContactName": "Ada Lovelace",
        "Notes": "call me",
    }
    assert request.headers["odata-version"] == "4.0"
    assert request.headers["user-agent"].startswith("Casebridge/")
    assert "cookie" not in request.headers


async def test_the_record_of_an_attempt_has_neither_contact_nor_notes() -> None:
    outcome = await create(answer(201, MADE))

    assert outcome.exchange.status == 201
    assert "W123456789" in outcome.exchange.request_body
    for body in (outcome.exchange.request_body, outcome.exchange.answer_body or ""):
        assert "call me" not in body
        assert "Ada" not in body


async def test_the_record_of_an_attempt_is_bounded_and_can_be_stored() -> None:
    outcome = await create(answer(502, "x\0" * 100_000, "text/plain"))

    assert outcome.exchange.answer_body is not None
    assert len(outcome.exchange.answer_body) < 20_000
    assert "\0" not in outcome.exchange.answer_body


@pytest.mark.parametrize(("status", "retry_once"), [(400, False), (409, False), (500, True)])
async def test_a_rejection_has_a_reason_for_dealers_and_the_full_text(status: int, retry_once: bool) -> None:
    outcome = await create(answer(status, REFUSED))

    assert isinstance(outcome, Rejected)
    assert (outcome.status, outcome.reason, outcome.retry_once) == (status, "No", retry_once)
    assert "validateWrite failed" in outcome.full_text


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        ("The site is\r\nread-only.\0", "text/plain", "The site is read-only."),
        (
            "<error><message>No\tsuch site</message></error>",
            "application/xml",
            "<error><message>No such site</message>",
        ),
        ('{"Message": "The request is invalid."}', "application/json", "The request is invalid."),
        (
            '{"Message": "An error has occurred.", "ExceptionMessage": "Site \'9\' is closed."}',
            "application/json",
            "Site '9' is closed.",
        ),
        ('"No site"', "application/json", '"No site"'),
        ("x" * 9000, "text/plain", "x" * 500),
    ],
)
@pytest.mark.parametrize("status", [400, 403])
async def test_what_is_said_in_another_form_than_odatas_is_for_operators_alone(
    status: int, body: str, content_type: str, said: str
) -> None:
    outcome = await create(answer(status, body, content_type))

    assert isinstance(outcome, Rejected | Forbidden)
    assert outcome.full_text.startswith(said)
    assert len(outcome.full_text) <= 500
    assert outcome.reason.startswith(f"D365 answered {status}")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("", "text/plain"),
        (" \n", "text/plain"),
        ("{}", "application/json"),
        # It may be what we sent.
        (json.dumps({"Notes": "call me"}), "application/json"),
    ],
)
async def test_a_refusal_that_says_nothing(body: str, content_type: str) -> None:
    outcome = await create(answer(400, body, content_type))

    assert isinstance(outcome, Rejected)
    assert outcome.full_text == outcome.reason == "D365 answered 400 without a reason"


async def test_throttling_says_how_long() -> None:
    outcome = await create(answer(429, "", Retry_After="7"))

    assert isinstance(outcome, Throttled)
    assert outcome.retry_after == 7


async def test_the_mapping_names_the_fields() -> None:
    fields = CaseFields.model_validate({"submission_id": "", "case_id": "Nummer", "notes": "Memo"})
    mapping = Mapping(case=CaseTable(entity_set="FPELDetailBases", fields=fields))
    made: dict[str, Any] = {"Nummer": "7"}
    async with scripted(answer(201, json.dumps(made))) as d365, client_of(d365.url, mapping) as client:
        outcome = await client.create_case(CASE, timeout=SECONDS)

    assert isinstance(outcome, Created)
    assert d365.requests[0].path.startswith("/data/FPELDetailBases?")
    sent = json.loads(d365.requests[0].body)
    assert sent["Memo"] == "call me"
    assert "SubmissionId" not in sent


async def test_the_trace_goes_along() -> None:
    parent = trace.SpanContext(0x1234, 0x5678, is_remote=False, trace_flags=trace.TraceFlags(1))
    async with scripted(answer(201, MADE)) as d365, client_of(d365.url) as client:
        with trace.use_span(trace.NonRecordingSpan(parent)):
            await client.create_case(CASE, timeout=SECONDS)

    assert d365.requests[0].headers["traceparent"].startswith(f"00-{0x1234:032x}-")


async def test_without_contact_fields_the_contact_stands_before_the_notes() -> None:
    stored = json.dumps({**json.loads(MADE), "Notes": "Contact: Ada Lovelace\n\ncall"})
    mapping = Mapping.model_validate({"contact_into_notes": True})
    async with scripted(answer(201, stored)) as d365, client_of(d365.url, mapping) as client:
        made = await client.create_case(CASE, timeout=SECONDS)

    sent = json.loads(d365.requests[-1].body)
    assert sent["Notes"] == "Contact: Ada Lovelace\n\ncall me"
    assert "ContactName" not in sent
    assert isinstance(made, Created)
    assert made.differences == (Difference("notes", sent["Notes"], "Contact: Ada Lovelace\n\ncall"),)
