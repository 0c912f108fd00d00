"""docs/design.md#what-does-each-answer-from-d365-mean as a table; and every decision is a permitted transition."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from case_shared.d365 import answers
from case_shared.d365.errors import (
    D365Error,
    D365Forbidden,
    D365Misconfigured,
    D365NotOData,
    D365Throttled,
    D365Unauthorized,
    D365Unavailable,
)
from case_shared.d365.models import CaseToCreate
from case_shared.words.events import Outcome
from d365_sync.domain.backoff import Backoff
from d365_sync.domain.decision import Decision, Health
from d365_sync.domain.document import TRANSITIONS, AttemptKind, Cause, Claim, DocumentId, Finding, State, Verdict
from d365_sync.domain.look_ups import RETRY_AFTER_REFUSAL_SECONDS, after_failed_look_up, after_look_up
from d365_sync.domain.outcomes import Policy, after_post

POLICY = Policy(settle_seconds=150, max_attempts=8, backoff=Backoff(300, draw=lambda: 1))
EXCHANGE = answers.Exchange(None, "{}", None, 0.1)
CASE = CaseToCreate(
    data_area_id="usmf", web_case_id="W0", submission_id=uuid4(), customer_account="US-001", category="Warranty"
)
CLAIM = Claim(DocumentId("W0", 1), uuid4(), 1, AttemptKind.CREATE, State.DELIVERING, CASE, expires=100)
VERIFYING = replace(CLAIM, state=State.VERIFYING, kind=AttemptKind.LOOK_UP)


def rejected(status: int = 400, *, retry_once: bool = False) -> answers.Rejected:
    return answers.Rejected(status, "closed", "Infolog: closed", retry_once, EXCHANGE)


POSTS: list[tuple[answers.CreateAnswer, State, Outcome, Cause | None, Health]] = [
    (answers.Created("C1", EXCHANGE), State.DELIVERED, Outcome.DELIVERED, None, Health.ANSWERED),
    (rejected(), State.VERIFYING, Outcome.REJECTED, Cause.REJECTED, Health.ANSWERED),
    (answers.Forbidden("no", "no", EXCHANGE), State.VERIFYING, Outcome.REJECTED, Cause.REJECTED, Health.ANSWERED),
    (answers.Throttled(7, EXCHANGE), State.DEFERRED, Outcome.DEFERRED, Cause.THROTTLED, Health.THROTTLED),
    (answers.NotSent("DNS", EXCHANGE), State.DEFERRED, Outcome.DEFERRED, Cause.UNREACHABLE, Health.FAILED),
    (answers.Unauthorized("401", EXCHANGE), State.DEFERRED, Outcome.DEFERRED, Cause.UNAUTHORIZED, Health.MISCONFIGURED),
    (
        answers.Misconfigured("404", EXCHANGE),
        State.DEFERRED,
        Outcome.DEFERRED,
        Cause.MISCONFIGURED,
        Health.MISCONFIGURED,
    ),
    (answers.Unknown("504", 504, EXCHANGE), State.VERIFYING, Outcome.UNKNOWN, Cause.NO_ANSWER, Health.FAILED),
]


@pytest.mark.parametrize(
    ("answer", "state", "outcome", "cause", "health"), POSTS, ids=[type(row[0]).__name__ for row in POSTS]
)
def test_after_a_post(answer: Any, state: State, outcome: Outcome, cause: Cause | None, health: Health) -> None:
    decision = after_post(answer, CLAIM, POLICY)

    assert (decision.state, decision.outcome, decision.cause, decision.health) == (state, outcome, cause, health)


def test_retry_after_is_kept_and_deferrals_count_no_attempt() -> None:
    decision = after_post(answers.Throttled(7, EXCHANGE), CLAIM, POLICY)

    assert decision.due_seconds == pytest.approx(7.7)
    assert (decision.counts, decision.waits, decision.look_up_first) == (False, 1, False)


def test_a_retry_after_of_nothing_does_not_take_our_own_wait_away() -> None:
    waits = [after_post(answers.Throttled(0, EXCHANGE), replace(CLAIM, waits=n), POLICY).due_seconds for n in range(5)]
    looks = [
        after_failed_look_up(D365Throttled("429", retry_after=0), replace(CLAIM, waits=n), POLICY).due_seconds
        for n in range(5)
    ]

    assert waits == looks == sorted(waits)
    assert waits[0] >= 0.5


def test_an_unknown_outcome_settles_before_anything_else() -> None:
    decision = after_post(answers.Unknown("time-out", None, EXCHANGE), CLAIM, POLICY)

    assert (decision.settle_seconds, decision.counts) == (150, True)
    assert decision.look_up_seconds is not None


@pytest.mark.parametrize(
    ("status", "health"),
    [
        (201, Health.ANSWERED),
        (204, Health.ANSWERED),
        (200, Health.FAILED),
        (504, Health.FAILED),
        (None, Health.FAILED),
    ],
)
def test_a_success_without_its_case_is_looked_up_and_is_no_outage(status: int | None, health: Health) -> None:
    """OData 4.0, 11.4.2: a POST may succeed without the entity in its answer."""
    decision = after_post(answers.Unknown("no Case ID", status, EXCHANGE), CLAIM, POLICY)

    assert (decision.state, decision.cause, decision.health) == (State.VERIFYING, Cause.NO_ANSWER, health)


@pytest.mark.parametrize(
    ("retry_once", "retried", "verdict"),
    [(False, False, Verdict.FAIL), (True, False, Verdict.RETRY), (True, True, Verdict.FAIL)],
)
def test_only_the_first_500_is_tried_again(retry_once: bool, retried: bool, verdict: Verdict) -> None:
    decision = after_post(rejected(500, retry_once=retry_once), replace(CLAIM, retried=retried), POLICY)

    assert decision.verdict is verdict


@pytest.mark.parametrize(
    ("control", "health"),
    [(D365Forbidden("403"), Health.MISCONFIGURED), (D365Unavailable("503"), Health.FAILED)],
)
def test_a_403_with_a_control_read_that_fails_is_deferred(control: D365Error, health: Health) -> None:
    decision = after_post(answers.Forbidden("no", "no", EXCHANGE), CLAIM, POLICY, control)

    assert (decision.state, decision.health, decision.counts) == (State.DEFERRED, health, False)


@pytest.mark.parametrize(
    ("answer", "control", "first"),
    [
        (answers.Throttled(7, EXCHANGE), None, False),
        (answers.NotSent("DNS", EXCHANGE), None, False),
        (answers.Unauthorized("401", EXCHANGE), None, True),
        (answers.Misconfigured("404", EXCHANGE), None, True),
        (answers.Forbidden("no", "no", EXCHANGE), D365Forbidden("403"), True),
    ],
    ids=["429", "not sent", "401", "404", "403"],
)
def test_only_what_surely_created_nothing_is_sent_again_without_a_look_up(
    answer: Any, control: D365Error | None, first: bool
) -> None:
    """A gateway may answer 401, 403 or 404 to a request that it has passed on."""
    decision = after_post(answer, CLAIM, POLICY, control)

    assert (decision.state, decision.look_up_first) == (State.DEFERRED, first)


ABSENT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing was sent yet", {"state": State.DELIVERING}, {"state": State.DELIVERING, "post_now": True}),
    ("settled", {}, {"state": State.DELIVERING, "post_now": True}),
    ("unsettled", {"unsettled_seconds": 90}, {"state": State.VERIFYING, "look_up_seconds": 1.0, "post_now": False}),
    ("nearly settled", {"unsettled_seconds": 0.2}, {"state": State.VERIFYING, "look_up_seconds": 0.2}),
    ("refused", {"verdict": Verdict.FAIL}, {"state": State.FAILED, "cause": Cause.REJECTED}),
    (
        "refused with 500",
        {"verdict": Verdict.RETRY},
        {"state": State.DEFERRED, "due_seconds": RETRY_AFTER_REFUSAL_SECONDS, "retried": True, "look_up_first": True},
    ),
    ("too often", {"posts": 8}, {"state": State.FAILED, "cause": Cause.ATTEMPTS_EXHAUSTED}),
    (
        "verified dead letter",
        {"state": State.FAILED, "cause": Cause.REJECTED},
        {"state": State.FAILED, "cause": Cause.REJECTED},
    ),
    ("verified return", {"state": State.RETURNED}, {"state": State.RETURNED, "look_up_seconds": None}),
]


@pytest.mark.parametrize(("name", "claim", "expected"), ABSENT, ids=[row[0] for row in ABSENT])
def test_surely_not_there(name: str, claim: dict[str, Any], expected: dict[str, Any]) -> None:
    decision = after_look_up(Finding.ABSENT, None, "", replace(VERIFYING, **claim), POLICY)

    assert {key: getattr(decision, key) for key in expected} == expected


@pytest.mark.parametrize("state", [state for state in State if state is not State.DELIVERED])
def test_found_is_delivered_whatever_the_state(state: State) -> None:
    decision = after_look_up(Finding.FOUND, "C1", "found", replace(VERIFYING, state=state), POLICY)

    assert (decision.state, decision.case_id) == (State.DELIVERED, "C1")


@pytest.mark.parametrize(
    ("finding", "cause"),
    [
        (Finding.OTHER_CONTENT, Cause.OTHER_CONTENT),
        (Finding.FOUND_TWICE, Cause.FOUND_TWICE),
        (Finding.EARLIER_SUBMISSION, Cause.SUPERSEDED),
    ],
)
def test_another_case_in_the_way_is_a_dead_letter_but_no_returned_one_is_woken(finding: Finding, cause: Cause) -> None:
    open_one = after_look_up(finding, "C1", "why", VERIFYING, POLICY)
    returned = after_look_up(finding, "C1", "why", replace(VERIFYING, state=State.RETURNED), POLICY)

    assert (open_one.state, open_one.cause, open_one.detail) == (State.FAILED, cause, "why")
    assert returned.state is State.RETURNED


NO_ANSWERS = [
    D365Unavailable("503"),
    D365NotOData("HTML"),
    D365Throttled("429", retry_after=3),
    D365Unauthorized("401"),
    D365Forbidden("403"),
    D365Misconfigured("404"),
]


@pytest.mark.parametrize("error", NO_ANSWERS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("claim", [VERIFYING, CLAIM], ids=["verifying", "delivering"])
def test_without_an_answer_nothing_is_concluded(error: D365Error, claim: Claim) -> None:
    decision = after_failed_look_up(error, claim, POLICY)

    assert decision.post_now is False
    assert decision.counts is False
    assert decision.state is (State.VERIFYING if claim is VERIFYING else State.DEFERRED)
    assert decision.look_up_first is (claim is CLAIM)


def test_a_refusal_under_a_wrong_mapping_is_tried_again_once_that_is_corrected() -> None:
    claim = replace(VERIFYING, verdict=Verdict.FAIL, cause=Cause.REJECTED, reason="no property", detail="full")

    decision = after_failed_look_up(D365Misconfigured("unknown property"), claim, POLICY)

    assert (decision.verdict, decision.cause, decision.reason) == (Verdict.RETRY, Cause.REJECTED, "no property")


def claims(*states: State) -> st.SearchStrategy[Claim]:
    """Claims of documents in these states."""
    return st.builds(
        lambda state, verdict, unsettled, posts, waits, retried: replace(
            CLAIM, state=state, verdict=verdict, unsettled_seconds=unsettled, posts=posts, waits=waits, retried=retried
        ),
        st.sampled_from(states),
        st.sampled_from([None, *Verdict]),
        st.sampled_from([0.0, 0.5, 149.0]),
        st.integers(0, 10),
        st.integers(0, 40),
        st.booleans(),
    )


CLAIMS = claims(State.DELIVERING, State.VERIFYING, State.FAILED, State.RETURNED, State.DISCARDED)


@given(CLAIMS, st.sampled_from(list(Finding)))
def test_no_look_up_leaves_the_transitions_or_posts_before_it_may(claim: Claim, finding: Finding) -> None:
    check(claim, after_look_up(finding, "C1" if finding is Finding.FOUND else None, "why", claim, POLICY))


@given(CLAIMS, st.sampled_from(NO_ANSWERS))
def test_no_failed_look_up_does_either(claim: Claim, error: D365Error) -> None:
    check(claim, after_failed_look_up(error, claim, POLICY))


@given(claims(State.DELIVERING), st.sampled_from([row[0] for row in POSTS]))
def test_no_post_leaves_the_transitions(claim: Claim, answer: Any) -> None:
    check(claim, after_post(answer, claim, POLICY))
    check(claim, Decision.not_sent(claim=claim, why="late"))


def check(claim: Claim, decision: Decision) -> None:
    assert decision.state is claim.state or decision.state in TRANSITIONS[claim.state]
    if decision.post_now:
        assert claim.unsettled_seconds == 0
        assert claim.verdict is None
        assert decision.finding is Finding.ABSENT
    if decision.state is State.DELIVERED:
        assert decision.case_id
    if decision.state is State.FAILED and claim.state is not State.FAILED:
        assert claim.unsettled_seconds == 0, "a dead letter is proven"
    if decision.state is State.DELIVERING:
        assert decision.post_now
    if decision.state is State.VERIFYING:
        assert decision.look_up_seconds is not None


def test_a_decision_is_built_by_keywords_alone() -> None:
    with pytest.raises(TypeError):
        Decision(State.DELIVERED)  # type: ignore[call-arg]
