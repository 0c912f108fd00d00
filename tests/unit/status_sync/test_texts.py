"""Whose a text of D365 is when it is first seen: a dealer's own words stay its own, cut or with other line ends."""

import pytest

from case_shared.d365.gate import Party, Written
from case_shared.d365.models import D365Case
from status_sync.domain.placement import KnownCase, Origin
from status_sync.domain.texts import SeenText

OWN = "The engine stops\nafter ten minutes, always in the third gear, and smells"
FIRST, SECOND = Party("usmf", "US-001"), Party("usmf", "US-002")


def first_seen(text: str, own: str | None = OWN, kept: str | None = None) -> Written:
    """The owner of a text in the case of the first dealer that is the second one's now."""
    row = KnownCase(
        web_case_id="W123456789",
        dealer="usmf-us-001",
        data_area_id="usmf",
        customer_account="US-001",
        origin=Origin.PORTAL,
        case_id=None,
        read_began_at=None,
        category_type="Service",
        description=own,
        d365_description=kept,
    )
    found = D365Case.model_validate(
        {
            "data_area_id": "usmf",
            "case_id": "C-1",
            "customer_account": "US-002",
            "category_type": "Warranty",
            "description": text,
        }
    )
    seen = SeenText.first_seen(found, [], [row])
    assert seen is not None
    return seen.written


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(OWN, id="as sent"),
        pytest.param(OWN.replace("\n", "\r\n"), id="other line ends"),
        pytest.param(f"{OWN}  \n", id="blanks at its end"),
        pytest.param(OWN[:60], id="cut"),
        pytest.param(OWN.replace("\n", "\r\n")[:60], id="other line ends, and cut"),
        pytest.param(f"{OWN[:60]}\N{REPLACEMENT CHARACTER}", id="cut through an emoji"),
    ],
)
def test_a_dealers_own_words_stay_its_own(text: str) -> None:
    assert first_seen(text) == Written(FIRST, "Service")
    assert first_seen(text, None, OWN) == Written(FIRST, "Service")


@pytest.mark.parametrize(
    ("text", "own"),
    [("Called the customer", OWN), (f"{OWN}. Called the customer", OWN), (OWN, None), (OWN, ""), (OWN, "Other words")],
)
def test_other_words_are_whose_the_case_is_when_they_are_seen(text: str, own: str | None) -> None:
    assert first_seen(text, own) == Written(SECOND, "Warranty")
