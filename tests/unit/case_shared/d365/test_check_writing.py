"""Parts of the check's step `write` that need no D365."""

from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from case_shared.d365.check import statuses
from case_shared.d365.check.marked_case import differences
from case_shared.d365.check.statuses import ending
from case_shared.d365.check.target import Learned, Target
from case_shared.d365.mapping import Mapping
from case_shared.d365.models import CaseToCreate

SUBMISSION_ID = UUID("0b54fd1c-3d52-4d2a-9c3e-8a4a5ef0a2d1")
SENT = CaseToCreate(
    data_area_id="usmf",
    web_case_id="CHECK12345",
    submission_id=SUBMISSION_ID,
    customer_account="US-001",
    category="Warranty",
)


def target_of(mapping: Mapping) -> Target:
    return cast("Target", SimpleNamespace(mapping=mapping, learned=Learned()))


@pytest.mark.parametrize(
    ("listed", "status", "symbol"),
    [
        pytest.param((), {}, "Canceled", id="our default"),
        pytest.param((), {"Cancelled": "canceled"}, "Cancelled", id="the file names it"),
        pytest.param(("Open", "Cancelled"), {"cancelled": "canceled"}, "Cancelled", id="as D365 writes it"),
        pytest.param(("Open", "Closed", "Void"), {"Dropped": "canceled"}, "Closed", id="D365 has no canceled one"),
        pytest.param((), {"Canceled": "closed"}, "Canceled", id="nothing is canceled"),
        pytest.param(("Open", "Void"), {}, None, id="D365 has neither"),
    ],
)
async def test_how_the_case_of_a_check_ends(
    monkeypatch: pytest.MonkeyPatch, listed: tuple[str, ...], status: dict[str, str], symbol: str | None
) -> None:
    async def symbols(_: Target) -> tuple[str, ...]:
        return listed

    monkeypatch.setattr(statuses, "listed_symbols", symbols)
    found = await ending(target_of(Mapping.model_validate({"status": status})))
    assert (found.symbol if found else None) == symbol


@pytest.mark.parametrize(
    ("stored", "codes"),
    [
        (str(SUBMISSION_ID), []),
        (f" {{{str(SUBMISSION_ID).upper()}}} ", []),
        (SUBMISSION_ID.hex, []),
        (str(SUBMISSION_ID)[:20], ["submission_id_changed"]),
        ("5e1f0c1c-2f4b-4f0e-8a43-0d2f6c1b7a90", ["submission_id_changed"]),
        ("", ["submission_id_changed"]),
        ("{00000000-0000-0000-0000-000000000000}", ["submission_id_changed"]),
        (None, ["submission_id_changed"]),
        (7, ["submission_id_changed"]),
    ],
)
def test_a_submission_id_is_stored_if_deliveries_would_recognize_it(stored: object, codes: list[str]) -> None:
    found = differences(SENT, {"Submission": stored}, {"submission_id": "Submission"})
    assert [(one.code, one.state.value) for one in found] == [(code, "failed") for code in codes]
