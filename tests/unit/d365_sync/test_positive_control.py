"""What proves that D365 lacks a case: a known case in the same answer, or that no case is known there yet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from case_shared.d365.errors import D365Error, D365Misconfigured, D365RefusedKeys
from case_shared.d365.models import AbsenceProof, D365Case, LookUpAnswer
from d365_sync.app.ports import D365, ControlCase, Documents
from d365_sync.app.positive_control import ControlledLookUp

SETTLE_SECONDS = 150.0


@dataclass
class Book:
    """What is known of the legal entity."""

    newest: list[ControlCase] = field(default_factory=list)
    older: list[str] = field(default_factory=list)
    restored: bool = False
    first: str | None = None

    async def control_cases(self, _data_area_id: str) -> list[ControlCase]:
        """The newest."""
        return self.newest

    async def older_control_cases(self, _data_area_id: str) -> list[str]:
        """Older ones."""
        return self.older

    async def restored_before_the_first(self, _data_area_id: str) -> bool:
        """Whether somebody reported a restore."""
        return self.restored

    async def first_open(self, _data_area_id: str) -> str | None:
        """The case that waits longest."""
        return self.first


@dataclass
class Environment:
    """A D365 that shows these Case IDs, refuses others as `Chains` reports it, and counts requests."""

    shows: frozenset[str]
    refuses: frozenset[str] = frozenset()
    asked: list[Sequence[str]] = field(default_factory=list)

    async def find_by_web_case_id(
        self, _data_area_id: str, web_case_ids: Collection[str], *, control_case_ids: Sequence[str], **_: Any
    ) -> LookUpAnswer:
        """Find none of them, and say whether a control is there."""
        self.asked.append(control_case_ids)
        shown = self.shows & {*control_case_ids}
        return LookUpAnswer({}, dict.fromkeys(web_case_ids if shown else (), AbsenceProof.BY_KNOWN_CASE))

    async def read_cases_by_case_id(
        self, _data_area_id: str, case_ids: Collection[str], **_: Any
    ) -> tuple[D365Case, ...]:
        """Refuse some, or find those that it shows."""
        if refused := self.refuses & {*case_ids}:
            takes = refused != {*case_ids}
            raise D365RefusedKeys(refused, "400", status=400) if takes else D365Misconfigured("400", status=400)
        return tuple(D365Case(data_area_id="usmf", case_id=one) for one in case_ids if one in self.shows)


def look_up(environment: Environment, book: Book) -> ControlledLookUp:
    """The look-up that the dispatcher uses."""
    return ControlledLookUp(cast("D365", environment), cast("Documents", book), 10, SETTLE_SECONDS)


@pytest.mark.parametrize(
    ("book", "shows", "proof"),
    [
        (Book([ControlCase("C-1", 1e6)]), {"C-1"}, AbsenceProof.BY_KNOWN_CASE),
        (Book([ControlCase("C-1", 1e6)]), set(), None),
        (Book([ControlCase("C-1", 1e6)], older=["C-0"]), set(), None),
        (Book([ControlCase("C*1", 1e6)]), set(), None),
        (Book([ControlCase("C*1", 1e6)], older=["C*0", "C-0"]), {"C-0"}, AbsenceProof.BY_KNOWN_CASE),
        (Book(), set(), AbsenceProof.BY_FIRST_CASE),
        (Book(restored=True, first="W1"), set(), AbsenceProof.BY_FIRST_CASE),
        (Book(restored=True, first="W2"), set(), None),
    ],
    ids=[
        "known and shown",
        "known and hidden",
        "older hidden too",
        "known and not to be asked for",
        "older asked for",
        "none known",
        "first again",
        "not the first again",
    ],
)
async def test_what_proves_absence(book: Book, shows: set[str], proof: AbsenceProof | None) -> None:
    answer = await look_up(Environment(frozenset(shows)), book)("usmf", ["W1"])

    assert answer.proof_of_absence("W1") is proof
    assert answer.is_surely_absent("W1") is (proof is not None)


async def test_the_first_look_up_of_a_legal_entity_is_one_request() -> None:
    environment = Environment(frozenset())

    await look_up(environment, Book())("usmf", ["W1", "W2"])

    assert environment.asked == [[]]


async def test_an_older_case_whose_id_d365_refuses_is_no_control_and_no_obstacle() -> None:
    environment = Environment(frozenset({"C-0"}), refuses=frozenset({"C-?"}))

    answer = await look_up(environment, Book([ControlCase("C-1", 1e6)], older=["C-?", "C-0"]))("usmf", ["W1"])

    assert answer.proof_of_absence("W1") is AbsenceProof.BY_KNOWN_CASE
    assert environment.asked == [["C-1"], ("C-0",)]


async def test_older_cases_whose_ids_d365_all_refuses_leave_it_unsure() -> None:
    environment = Environment(frozenset(), refuses=frozenset({"C-?", "C-!"}))

    answer = await look_up(environment, Book([ControlCase("C-1", 1e6)], older=["C-?", "C-!"]))("usmf", ["W1"])

    assert answer.proof_of_absence("W1") is None


@pytest.mark.parametrize("status", [401, 404])
async def test_a_d365_that_refuses_every_read_of_older_cases_is_reported(status: int) -> None:
    class Closed(Environment):
        async def read_cases_by_case_id(self, *_: Any, **__: Any) -> tuple[D365Case, ...]:
            raise D365Misconfigured("closed", status=status)

    with pytest.raises(D365Error):
        await look_up(Closed(frozenset()), Book([ControlCase("C-1", 1e6)], older=["C-0"]))("usmf", ["W1"])
