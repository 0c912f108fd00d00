import pytest
from pydantic import ValidationError

from d365_sandbox.faults import Call, Fault, FaultKind, FaultRegistry, Operation, When, matches

CREATE = Call(
    Operation.CREATE,
    "DealerPortalCases",
    '/data/dealerportalcases? {"dataareaid": "usmf", "webcaseid": "w1", "description": "the poison pill"}',
    {"dataAreaId": "usmf", "WebCaseId": "W1", "Description": "The poison pill", "CaseCategory": "Warranty"},
)
READ = Call(Operation.READ, "DealerPortalCases", "/data/dealerportalcases?$filter=dataareaid eq 'usmf'")


@pytest.mark.parametrize(
    ("given", "met"),
    [
        ({}, True),
        ({"operation": "create"}, True),
        ({"operation": "read"}, False),
        ({"operation": "token"}, False),
        ({"entity_set": "DealerPortalCases"}, True),
        ({"entity_set": "CustomersV3"}, False),
        ({"data_area_id": "USMF"}, True),
        ({"data_area_id": "demf"}, False),
        ({"web_case_id": "W1"}, True),
        ({"web_case_id": "W2"}, False),
        ({"text": "POISON"}, True),
        ({"fields": {"CaseCategory": "warranty", "Description": "*poison*"}}, True),
        ({"fields": {"CaseCategory": "Warranty", "Description": "poison"}}, False),
    ],
)
def test_a_fault_meets_what_it_describes(given: dict[str, object], met: bool) -> None:
    assert matches(Fault.model_validate({"kind": "drop", **given}), CREATE) is met


def test_company_of_a_read_is_found_in_its_filter() -> None:
    assert matches(Fault(kind=FaultKind.DROP, data_area_id="usmf"), READ)
    assert not matches(Fault(kind=FaultKind.DROP, data_area_id="demf"), READ)


def test_any_spares_tokens_and_events() -> None:
    fault = Fault(kind=FaultKind.DROP)

    assert not matches(fault, Call(Operation.TOKEN))
    assert not matches(fault, Call(Operation.EVENT))
    assert matches(Fault(kind=FaultKind.EVENT_DROP), Call(Operation.EVENT))
    assert not matches(Fault(kind=FaultKind.EVENT_DROP), CREATE)


def test_count_runs_out_and_what_is_left_is_kept() -> None:
    registry = FaultRegistry([Fault(id="two", kind=FaultKind.DROP, count=2), Fault(id="on", kind=FaultKind.HTML)])

    assert [registry.plan(CREATE).applied for _ in range(3)] == [("two",), ("two",), ("on",)]
    assert [(fault.id, fault.count) for fault in registry.standing()] == [("on", None)]
    assert [(fault["id"], fault["hits"]) for fault in registry.describe()] == [("two", 2), ("on", 1)]


def test_slow_composes_with_the_next_fault() -> None:
    registry = FaultRegistry([Fault(id="s", kind=FaultKind.SLOW, delay_seconds=2), Fault(id="d", kind=FaultKind.DROP)])

    plan = registry.plan(CREATE)

    assert (plan.delay_seconds, plan.applied) == (2, ("s", "d"))


def test_slow_after_commit_makes_the_answer_late() -> None:
    late = Fault(kind=FaultKind.SLOW, when=When.AFTER_COMMIT, delay_seconds=2)
    plan = FaultRegistry([late, Fault(kind=FaultKind.SLOW, delay_seconds=1)]).plan(READ)

    assert (plan.delay_seconds, plan.late_seconds, plan.fault) == (1, 2, None)


def test_probability_is_drawn() -> None:
    draws = iter([0.29, 0.31])
    registry = FaultRegistry([Fault(kind=FaultKind.DROP, probability=0.3)], chance=lambda: next(draws))

    assert registry.plan(CREATE).fault is not None
    assert registry.plan(CREATE).fault is None


def test_rate_limit_strikes_above_its_limit() -> None:
    registry = FaultRegistry([Fault(kind=FaultKind.RATE_LIMIT, limit=2)])

    assert registry.plan(CREATE, in_flight=2).fault is None
    assert registry.plan(CREATE, in_flight=3).fault is not None


def test_rate_limit_per_time_counts_what_it_let_through() -> None:
    now = 0.0
    registry = FaultRegistry([Fault(kind=FaultKind.RATE_LIMIT, limit=2, per_seconds=1)], clock=lambda: now)

    assert [registry.plan(CREATE).fault is None for _ in range(4)] == [True, True, False, False]
    now = 0.9
    assert registry.plan(CREATE).fault is not None
    now = 1.0
    assert [registry.plan(CREATE).fault is None for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(
    "body",
    [{"kind": "status"}, {"kind": "slow"}, {"kind": "rate_limit"}, {"kind": "nonsense"}, {"kind": "drop", "x": 1},
     {"kind": "drop", "probability": 0}, {"kind": "status", "status": 200}],
)  # fmt: skip
def test_a_fault_that_makes_no_sense_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Fault.model_validate(body)
