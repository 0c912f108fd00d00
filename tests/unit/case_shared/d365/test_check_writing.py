"""Parts of the check's step `write` that need no D365."""

from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from case_shared.d365.check import statuses
from case_shared.d365.check.longest_texts import longest_texts
from case_shared.d365.check.marked_case import differences, lengths, marked_text
from case_shared.d365.check.report import Finding
from case_shared.d365.check.statuses import ending
from case_shared.d365.check.target import Learned, Target
from case_shared.d365.errors import D365Misconfigured
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


def cut() -> list[Finding]:
    """What the check says where D365 cuts every text."""
    fields = Mapping().case.fields.by_ours()
    texts = {ours: marked_text(length) for ours, length in lengths(Mapping()).items()}
    row = {fields[ours]: text[:30] for ours, text in texts.items()}
    return list(differences(SENT.model_copy(update=texts), row, {ours: fields[ours] for ours in texts}))


async def refused() -> list[Finding]:
    """What the check says where D365 refuses every long text."""

    async def change(_: str, text: str) -> None:
        if len(text) > 30:
            raise D365Misconfigured("too long")

    return await longest_texts(target_of(Mapping()), change)


async def test_each_length_that_a_remedy_names_is_one_that_the_mapping_takes() -> None:
    found = [*cut(), *await refused()]
    assert len(found) == 2 * len(lengths(Mapping()))
    for one in found:
        table, _, key = one.remedy.partition(", set ")
        if key:
            assert table == "In D365_MAPPING, [case.lengths]"
            name, _, length = key.partition(",")[0].partition(" = ")
            Mapping.model_validate({"case": {"lengths": {name: int(length)}}})
        else:
            wanted = 'In D365_MAPPING, [case.fields], map created_by to a field of 254 characters, or to "".'
            assert one.remedy == wanted
            Mapping.model_validate({"case": {"fields": {"created_by": ""}}})


def test_a_key_that_is_cut_is_another_key() -> None:
    found = differences(SENT, {"WebCaseId": "CHECK"}, {"web_case_id": "WebCaseId"})
    assert [one.code for one in found] == ["changed"]
