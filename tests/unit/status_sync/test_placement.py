"""Which dealer or case of ours a case of D365 belongs to, as a table."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from case_shared.d365.models import D365Case
from case_shared.words.category_types import CategoryTypes
from status_sync.domain.placement import Dealer, Ignored, KnownCase, Origin, Placement, Rules, Unfollowed, applies

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SUBMISSION, EARLIER_SUBMISSION = uuid4(), uuid4()
DEALER = Dealer("usmf-us-001", active=True)
OTHER_DEALER = Dealer("usmf-us-002", active=True)
OURS = KnownCase(
    web_case_id="W000000001",
    dealer=DEALER.slug,
    data_area_id="usmf",
    customer_account="US-001",
    origin=Origin.PORTAL,
    case_id=None,
    read_began_at=None,
    submission_ids=(SUBMISSION, EARLIER_SUBMISSION),
    category="Breakdown",
)
BORN = KnownCase("W000000002", DEALER.slug, "usmf", "US-001", Origin.D365, "C-1", NOW - timedelta(hours=1))
LINKED = replace(OURS, case_id="C-1", linked=True)
NAMED = replace(LINKED, named=True)
MOVED = replace(NAMED, unfollowed=Unfollowed.MOVED)
OTHER = replace(OURS, web_case_id="W000000004")
BARE = D365Case(
    data_area_id="USMF", case_id="C-1", customer_account="US-001", category="Breakdown", category_type="Service"
)
SENT = BARE.model_copy(update={"web_case_id": "w000000001", "submission_id": SUBMISSION})
RULES = Rules(CategoryTypes.parse(None), by_submission_id=True)


def place(
    found: D365Case,
    by_case_id: KnownCase | None = None,
    by_web_case_id: KnownCase | None = None,
    dealer: Dealer | None = DEALER,
    rules: Rules = RULES,
) -> Placement:
    at_number = [by_case_id] if by_case_id else []
    return rules.place(found, NOW, at_number=at_number, by_web_case_id=by_web_case_id, dealer=dealer)


@pytest.mark.parametrize(
    ("found", "by_case_id", "by_web_case_id", "dealer", "expected"),
    [
        pytest.param(SENT, None, OURS, DEALER, Placement(update=OURS), id="our submission is seen"),
        pytest.param(
            SENT.model_copy(update={"submission_id": EARLIER_SUBMISSION}),
            None, OURS, DEALER, Placement(update=OURS), id="an earlier submission arrives late",
        ),
        pytest.param(SENT, None, OURS, None, Placement(update=OURS), id="ours, whoever is registered"),
        pytest.param(SENT, LINKED, LINKED, DEALER, Placement(update=LINKED), id="ours, known by its Case ID"),
        pytest.param(BARE, LINKED, None, DEALER, Placement(update=LINKED), id="linked: D365 shows no Web Case ID"),
        pytest.param(
            SENT.model_copy(update={"case_id": "c-1"}), None, LINKED, DEALER, Placement(update=LINKED),
            id="ours, its Case ID written in another case",
        ),
        pytest.param(SENT, BORN, OURS, DEALER, Placement(update=OURS, remove=BORN.web_case_id), id="merged"),
        pytest.param(
            SENT, None, replace(OURS, case_id="C-9"), DEALER,
            Placement(ignored=Ignored.SECOND, look_at=replace(OURS, case_id="C-9")), id="D365 has it twice"
        ),
        pytest.param(
            SENT.model_copy(update={"submission_id": uuid4()}),
            None, OURS, DEALER, Placement(ignored=Ignored.MISMATCH), id="another submission id",
        ),
        pytest.param(
            SENT.model_copy(update={"customer_account": "US-002"}),
            None, OURS, OTHER_DEALER, Placement(ignored=Ignored.MISMATCH), id="another customer",
        ),
        pytest.param(
            SENT.model_copy(update={"data_area_id": "demf"}),
            None, OURS, None, Placement(ignored=Ignored.MISMATCH), id="another legal entity",
        ),
        pytest.param(
            SENT, None, replace(OURS, submission_ids=()), DEALER, Placement(ignored=Ignored.MISMATCH),
            id="a draft that was never submitted",
        ),
        pytest.param(SENT, None, None, DEALER, Placement(ignored=Ignored.FOREIGN), id="somebody else's Web Case ID"),
        pytest.param(BARE, None, None, DEALER, Placement(insert_for=DEALER.slug), id="born in D365"),
        pytest.param(
            BARE, None, None, None, Placement(ignored=Ignored.NOT_FOR_DEALERS), id="born for nobody registered"
        ),
        pytest.param(
            BARE, None, None, Dealer("x", active=False), Placement(ignored=Ignored.NOT_FOR_DEALERS),
            id="born for a dealer that is gone",
        ),
        pytest.param(
            BARE.model_copy(update={"category_type": "HumanResources"}),
            None, None, DEALER, Placement(ignored=Ignored.NOT_FOR_DEALERS), id="born, of a type that is none of theirs",
        ),
        pytest.param(BARE, BORN, None, DEALER, Placement(update=BORN), id="born before, changed now"),
        pytest.param(
            BARE, BORN, None, Dealer(DEALER.slug, active=False), Placement(update=BORN),
            id="born before, its dealer is gone",
        ),
        pytest.param(
            BARE, BORN, None, OTHER_DEALER, Placement(remove=BORN.web_case_id, insert_for=OTHER_DEALER.slug),
            id="moved to another dealer",
        ),
        pytest.param(
            BARE.model_copy(update={"category_type": "Audit"}),
            BORN, None, DEALER, Placement(remove=BORN.web_case_id), id="out of the dealers' sight",
        ),
        pytest.param(
            SENT, BORN, replace(OURS, case_id="C-9"), DEALER,
            Placement(ignored=Ignored.SECOND, look_at=replace(OURS, case_id="C-9")),
            id="born row, but the submission has another Case ID",
        ),
        pytest.param(
            BARE.model_copy(update={"web_case_id": "W000000003"}), LINKED, None, DEALER,
            Placement(ignored=Ignored.FOREIGN, reused=(replace(LINKED, unfollowed=Unfollowed.REUSED),)),
            id="its number is a case's of another portal",
        ),
        pytest.param(
            BARE, NAMED, None, DEALER,
            Placement(insert_for=DEALER.slug, reused=(replace(NAMED, unfollowed=Unfollowed.REUSED),)),
            id="its number is a case's born in D365, of the same dealer",
        ),
        pytest.param(
            SENT.model_copy(update={"web_case_id": OTHER.web_case_id}), NAMED, OTHER, DEALER,
            Placement(update=OTHER, reused=(replace(NAMED, unfollowed=Unfollowed.REUSED),)),
            id="its number is another of our cases'",
        ),
        pytest.param(
            SENT.model_copy(update={"customer_account": "US-002"}), NAMED, NAMED, OTHER_DEALER,
            Placement(move=replace(NAMED, unfollowed=Unfollowed.MOVED), insert_for=OTHER_DEALER.slug),
            id="ours, moved to another dealer",
        ),
        pytest.param(
            SENT.model_copy(update={"customer_account": "US-002", "category_type": "Audit"}), NAMED, NAMED,
            OTHER_DEALER,
            Placement(move=replace(NAMED, unfollowed=Unfollowed.MOVED)), id="ours, moved out of every dealer's sight",
        ),
        pytest.param(
            SENT.model_copy(update={"category_type": "HumanResources"}), None, OURS, DEALER,
            Placement(move=replace(OURS, unfollowed=Unfollowed.MOVED, case_id="C-1")),
            id="ours, of a hidden type when it is seen first",
        ),
        pytest.param(
            BARE.model_copy(update={"customer_account": "US-002"}), LINKED, None, OTHER_DEALER,
            Placement(move=replace(LINKED, unfollowed=Unfollowed.MOVED), insert_for=OTHER_DEALER.slug),
            id="linked, moved to another dealer",
        ),
        pytest.param(SENT, MOVED, MOVED, DEALER, Placement(update=MOVED), id="it comes back"),
        pytest.param(
            SENT.model_copy(update={"case_id": "C-2"}), None, replace(NAMED, unfollowed=Unfollowed.REUSED), DEALER,
            Placement(update=replace(NAMED, unfollowed=Unfollowed.REUSED)), id="it has another number now",
        ),
        pytest.param(
            SENT.model_copy(update={"data_area_id": "demf"}), None, replace(NAMED, unfollowed=Unfollowed.DELETED), None,
            Placement(move=replace(NAMED, unfollowed=Unfollowed.MOVED)), id="it is in another legal entity now",
        ),
    ],
)  # fmt: skip
def test_a_case_is_placed(
    found: D365Case,
    by_case_id: KnownCase | None,
    by_web_case_id: KnownCase | None,
    dealer: Dealer | None,
    expected: Placement,
) -> None:
    assert place(found, by_case_id, by_web_case_id, dealer) == expected


def test_without_a_submission_id_in_d365_the_fields_as_sent_decide() -> None:
    rules = Rules(CategoryTypes.parse(None), by_submission_id=False)
    found = SENT.model_copy(update={"submission_id": None})
    assert place(found, None, OURS, rules=rules) == Placement(update=OURS)
    other = found.model_copy(update={"category": "Warranty"})
    assert place(other, None, OURS, rules=rules) == Placement(ignored=Ignored.MISMATCH)


def test_the_submission_in_the_event_is_the_one_that_d365_shows() -> None:
    found = SENT.model_copy(update={"submission_id": EARLIER_SUBMISSION})
    assert RULES.submission_seen(found, OURS) == EARLIER_SUBMISSION
    assert RULES.submission_seen(BARE, LINKED) is None
    assert Rules(CategoryTypes.parse(None), by_submission_id=False).submission_seen(BARE, LINKED) == SUBMISSION


def test_without_a_submission_id_in_d365_the_delivered_submission_is_the_one_that_it_has() -> None:
    rules = Rules(CategoryTypes.parse(None), by_submission_id=False)
    delivered = replace(LINKED, delivered_submission_id=EARLIER_SUBMISSION)
    assert rules.submission_seen(BARE, delivered) == EARLIER_SUBMISSION
    assert RULES.submission_seen(SENT, delivered) == SUBMISSION


@pytest.mark.parametrize(
    ("began_at", "last", "expected"),
    [
        (NOW, None, True),
        (NOW, NOW - timedelta(microseconds=1), True),
        (NOW, NOW, False),
        (NOW, NOW + timedelta(seconds=5), False),
    ],
)
def test_a_read_applies_only_if_it_began_after_the_last_one(
    began_at: datetime, last: datetime | None, expected: bool
) -> None:
    assert applies(began_at, last) is expected


@pytest.mark.parametrize(
    "later", [replace(LINKED, read_began_at=NOW + timedelta(seconds=1)), replace(BORN, read_began_at=NOW)]
)
def test_a_stale_read_changes_nothing(later: KnownCase) -> None:
    assert place(BARE, later) == Placement(ignored=Ignored.STALE)
    assert place(BARE, later, dealer=None) == Placement(ignored=Ignored.STALE)


@pytest.mark.parametrize(
    ("setting", "category_type", "allowed"),
    [
        (None, "Service", True),
        (None, "HumanResources", False),
        (None, "fmla", False),
        (None, "Audit", False),
        (None, None, False),
        ("Service, Sales", "sales", True),
        ("Service, Sales", "General", False),
        ("Service,Audit", "Audit", True),
        (" , ", "Audit", False),
    ],
)
def test_category_types(setting: str | None, category_type: str | None, allowed: bool) -> None:
    assert CategoryTypes.parse(setting).allow(category_type) is allowed
    assert CategoryTypes.parse(setting).hide(category_type) is (bool(category_type) and not allowed)
