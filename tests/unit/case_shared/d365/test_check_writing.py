"""Parts of the check's step `write` that need no D365."""

from types import SimpleNamespace
from typing import cast

import pytest

from case_shared.d365.check import statuses
from case_shared.d365.check.statuses import ending
from case_shared.d365.check.target import Learned, Target
from case_shared.d365.mapping import Mapping


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
