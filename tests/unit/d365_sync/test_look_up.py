"""A look-up of many that D365 answers only in part: each answer counts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import pytest

from case_shared.d365.errors import (
    D365RefusedKeys,
    D365Throttled,
    D365TransientError,
    D365Unavailable,
    D365UnreadableKeys,
)
from case_shared.d365.models import AbsenceProof, D365Case, LookUpAnswer
from d365_sync.app.look_up import LookUp
from d365_sync.app.ports import D365, ControlCase, Documents, Earlier
from d365_sync.domain.decision import Health
from d365_sync.domain.document import Cause, Claim, DocumentId, Finding
from tests.unit.d365_sync.test_outcomes import CLAIM, POLICY

FOUND, ABSENT, UNANSWERED = (
    replace(CLAIM, id=DocumentId(name, 1), case=CLAIM.case.model_copy(update={"web_case_id": name}))
    for name in ("W1", "W2", "W3")
)


class Books:
    """One known case, and no earlier submissions."""

    async def control_cases(self, _data_area_id: str) -> list[ControlCase]:
        """The known case."""
        return [ControlCase("CASE-1", 1000.0)]

    async def earlier_submissions(self, _id: DocumentId) -> Sequence[object]:
        """None."""
        return []


class Interrupted:
    """A D365 that fails after the first requests of a look-up."""

    def __init__(self, error: D365TransientError) -> None:
        """Fail with `error`."""
        self.error = error

    async def find_by_web_case_id(self, *_: object, **__: object) -> LookUpAnswer:
        """Answer for two of three."""
        content = FOUND.case.model_dump(mode="json", include={"data_area_id", "customer_account", "submission_id"})
        case = D365Case.model_validate({**content, "web_case_id": FOUND.id.web_case_id, "case_id": "CASE-2"})
        proofs = dict.fromkeys([FOUND.id.web_case_id, ABSENT.id.web_case_id], AbsenceProof.BY_KNOWN_CASE)
        self.error.answered = LookUpAnswer({FOUND.id.web_case_id: (case,)}, proofs)
        raise self.error


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (D365Unavailable("503"), Cause.UNREACHABLE),
        (D365Throttled("429", retry_after=7.0), Cause.THROTTLED),
    ],
    ids=["503", "429"],
)
async def test_what_d365_answered_before_it_failed_counts(error: D365TransientError, cause: Cause) -> None:
    look_up = LookUp(cast("D365", Interrupted(error)), cast("Documents", Books()), POLICY, 30.0, by_submission_id=True)

    results = {one.claim.id: one.decision for one in await look_up([UNANSWERED, FOUND, ABSENT])}

    assert results[FOUND.id].case_id == "CASE-2"
    assert results[ABSENT.id].post_now
    assert (results[UNANSWERED.id].finding, results[UNANSWERED.id].cause) == (Finding.UNSURE, cause)


async def test_a_failure_before_any_answer_leaves_all_to_be_looked_up_again() -> None:
    class Away:
        async def find_by_web_case_id(self, *_: Any, **__: Any) -> LookUpAnswer:
            raise D365Unavailable("503")

    look_up = LookUp(cast("D365", Away()), cast("Documents", Books()), POLICY, 30.0, by_submission_id=True)

    results = await look_up([FOUND, ABSENT])

    assert {one.decision.finding for one in results} == {Finding.UNSURE}


async def test_a_refusal_of_keys_that_are_no_documents_leaves_no_document_without_a_result() -> None:
    class Particular:
        async def find_by_web_case_id(self, *_: Any, **__: Any) -> LookUpAnswer:
            raise D365RefusedKeys(frozenset({"C-0"}), "400", status=400)

    look_up = LookUp(cast("D365", Particular()), cast("Documents", Books()), POLICY, 30.0, by_submission_id=True)

    results = await look_up([FOUND, ABSENT])

    assert [(one.claim.id, one.decision.finding, one.decision.why) for one in results] == [
        (FOUND.id, Finding.UNSURE, "400"),
        (ABSENT.id, Finding.UNSURE, "400"),
    ]


@pytest.mark.parametrize(
    ("delivered_as", "by_submission_id", "finding"),
    [
        ("case-2", False, Finding.EARLIER_SUBMISSION),
        ("CASE-9", False, Finding.FOUND),
        (None, False, Finding.FOUND),
        ("case-2", True, Finding.FOUND),
    ],
)
async def test_the_case_of_an_earlier_submission_is_not_the_later_ones_even_if_all_that_d365_keeps_is_the_same(
    delivered_as: str | None, by_submission_id: bool, finding: Finding
) -> None:
    """The dealer may have edited the notes, which nobody reads from D365."""
    again: Claim = replace(FOUND, id=DocumentId("W1", 2))

    class Resubmitted(Books):
        async def earlier_submissions(self, _id: DocumentId) -> Sequence[object]:
            return [Earlier(DocumentId("W1", 1), uuid4(), FOUND.case, delivered_as)]

    class Theirs:
        async def find_by_web_case_id(self, *_: object, **__: object) -> LookUpAnswer:
            case = D365Case.model_validate({**FOUND.case.model_dump(mode="json"), "case_id": "CASE-2"})
            return LookUpAnswer({"W1": (case,)}, {})

    look_up = LookUp(cast("D365", Theirs()), cast("Documents", Resubmitted()), POLICY, 30.0, by_submission_id)

    (result,) = await look_up([again])

    assert result.decision.finding is finding


@pytest.mark.parametrize("answers", [True, False], ids=["D365 answers for others", "D365 answers for none"])
async def test_a_row_that_d365_cannot_write_leaves_no_claim_without_a_result(answers: bool) -> None:
    asked: list[Sequence[str]] = []

    class Broken:
        async def find_by_web_case_id(self, _place: str, web_case_ids: Sequence[str], **_: Any) -> LookUpAnswer:
            asked.append(web_case_ids)
            if UNANSWERED.id.web_case_id not in web_case_ids:
                proofs = dict.fromkeys(web_case_ids, AbsenceProof.BY_KNOWN_CASE)
                return LookUpAnswer({}, proofs, keys=frozenset(web_case_ids))
            error = D365UnreadableKeys(frozenset({UNANSWERED.id.web_case_id}), "500", status=500)
            error.answered = LookUpAnswer({}, {}, keys=frozenset({"W2"} if answers else ()))
            raise error

    look_up = LookUp(cast("D365", Broken()), cast("Documents", Books()), POLICY, 30.0, by_submission_id=True)

    results = {one.claim.id: one.decision for one in await look_up([UNANSWERED, ABSENT])}

    broken, other = results[UNANSWERED.id], results[ABSENT.id]
    assert (broken.finding, broken.cause, broken.health) == (Finding.UNSURE, Cause.UNREACHABLE, Health.SAYS_NOTHING)
    assert other.post_now is answers
    assert answers or (other.finding, other.health) == (Finding.UNSURE, Health.FAILED)
    assert len(asked) == 1 + answers
