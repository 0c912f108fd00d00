"""A case that was returned, edited and sent again, and whose first submission then turned out to be in D365."""

from uuid import UUID, uuid4

import pytest

from case_shared.d365.mapping import CaseFields, CaseTable, Mapping
from case_shared.words.events import CaseStatusChanged, SubmissionState
from d365_sync.postgres.intake import take_evidence
from tests.integration.status_sync.conftest import Submitted, World
from tests.integration.status_sync.test_consumers import delivery, note_deliveries


@pytest.fixture
def mapping() -> Mapping:
    """A mapping without a field for the submission ID."""
    return Mapping(case=CaseTable(fields=CaseFields(submission_id="")))


async def resubmit(world: World, case: Submitted) -> UUID:
    """Submit the case again, edited."""
    again = uuid4()
    async with world.database.connect() as connection:
        await connection.execute(
            "INSERT INTO case_api.submissions (web_case_id, submission_no, submission_id, dealer, data_area_id,"
            " customer_account, content, created_by, submitted_by, submitted_at)"
            " SELECT web_case_id, 2, $2, dealer, data_area_id, customer_account, content, created_by, submitted_by,"
            " now() FROM case_api.submissions WHERE web_case_id = $1",
            case.web_case_id, again,
        )  # fmt: skip
        await connection.execute(
            "UPDATE case_api.cases SET submission_no = 2, category = 'Warranty' WHERE web_case_id = $1",
            case.web_case_id,
        )
    return again


@pytest.mark.parametrize("cause", ["linked", "evidence"])
async def test_what_never_reached_d365_does_not_become_delivered(world: World, cause: str) -> None:
    case = await world.submit()
    case_id = await world.create(None if cause == "linked" else case)
    first = delivery(case, case_id, cause=cause)
    again = await resubmit(world, case)
    superseded = {"submission_no": 2, "submission_id": again, "case_id": None, "cause": "superseded"}
    second = first.model_copy(update={**superseded, "state": SubmissionState.FAILED})
    await note_deliveries(world, first, second)

    await world.read_due()

    (event,) = await world.events()
    assert (event["case_id"], event["submission_id"]) == (case_id, str(case.submission_id))
    async with world.database.pool("d365_sync") as pool, pool.acquire() as connection:
        await take_evidence(connection, [CaseStatusChanged.model_validate(event)])
        rows = await connection.fetch("SELECT state, cause, case_id FROM documents ORDER BY submission_no")
    assert [tuple(row) for row in rows] == [("delivered", cause, case_id), ("failed", "superseded", None)]
