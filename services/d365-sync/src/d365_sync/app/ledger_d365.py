"""Compare our books with D365's: two lists in the order of the Web Case ID, merged a page at a time.

D365 cannot page by text, so its books are read by RecId and kept in a table of ours until they are compared. No
snapshot spans D365 and us. So D365's books are read first and ours after them, and a document is judged only if nothing
has happened to it since five minutes before that: a case in flight raises no alarm.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID, uuid4

from case_shared.d365.chains import FIRST_TERMS
from case_shared.d365.errors import D365Error, D365Misconfigured
from case_shared.d365.keys import is_key
from case_shared.d365.models import D365Case
from case_shared.process.clock import Clock
from case_shared.words.identifiers import is_web_case_id
from d365_sync.app.operator_actions import D365Unreachable
from d365_sync.domain.document import Cause, DocumentId, State
from d365_sync.domain.ledger import JUDGED_SECONDS

_D365_PAGE = 1000
_COMPARED_PAGE = 1000
_BOOKS_PAGE = 1000
# One request: its time-out is that of a call, and many documents may be missing at once.
_LOST_AT_ONCE = FIRST_TERMS
# The letter that begins each Web Case ID: what sorts before it is not ours.
_FIRST = "W"
SHOWN = 100
# For these causes, D365 is known to have a case that is in the way.
_EXPLAINED = frozenset({Cause.OTHER_CONTENT, Cause.FOUND_TWICE, Cause.SUPERSEDED})


class Reads(Protocol):
    """The part of the D365 client used here; `timeout` in seconds."""

    async def read_web_cases(
        self,
        after: int,
        *,
        page_size: int,
        timeout: float,  # noqa: ASYNC109
    ) -> tuple[D365Case, ...]: ...
    async def read_cases_by_case_id(
        self,
        data_area_id: str,
        case_ids: Collection[str],
        *,
        timeout: float,  # noqa: ASYNC109
    ) -> tuple[D365Case, ...]: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A document in our books. `judged`: nothing has happened to it for a while."""

    id: DocumentId
    submission_id: UUID
    data_area_id: str
    customer_account: str
    state: State
    cause: Cause | None
    case_id: str | None
    judged: bool
    other_delivered: bool


class Books(Protocol):
    """Our books: documents after `behind`, up to a Web Case ID (None: to the end), in order."""

    async def entries(
        self, behind: DocumentId, up_to: str | None, limit: int, older_than_seconds: float
    ) -> list[Entry]: ...


class FoundCases(Protocol):
    """D365's cases of one comparison, kept in the database because they may not fit into memory."""

    async def add(self, comparison: UUID, cases: Sequence[D365Case]) -> None:
        """Store more cases."""

    async def page(self, comparison: UUID, behind: str, web_case_ids: int) -> Sequence[D365Case]:
        """All cases of the next `web_case_ids` Web Case IDs, in order; none at the end."""

    async def drop(self, comparison: UUID) -> None:
        """Delete this comparison's cases, and those that interrupted comparisons left behind."""


@dataclass
class Deviation:
    """How many Web Case IDs deviate in one way, and the first of them."""

    count: int = 0
    web_case_ids: list[str] = field(default_factory=list)

    def add(self, web_case_id: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.web_case_ids) < SHOWN:
            self.web_case_ids.append(web_case_id)


@dataclass
class Comparison:
    """Where D365's books and ours disagree; `cases`: how many D365 cases have a Web Case ID."""

    cases: int = 0
    delivered_not_found: Deviation = field(default_factory=Deviation)
    found_not_delivered: Deviation = field(default_factory=Deviation)
    found_twice: Deviation = field(default_factory=Deviation)

    @property
    def adds_up(self) -> bool:
        """Whether they agree."""
        return not (self.delivered_not_found.count or self.found_not_delivered.count or self.found_twice.count)


Found = Mapping[str, Sequence[D365Case]]


@dataclass(frozen=True)
class CompareWithD365:
    """Reads all of D365's cases with a Web Case ID, one request at a time. `by_submission_id`: D365 keeps our ID."""

    d365: Reads
    books: Books
    found: FoundCases
    clock: Clock
    timeout_seconds: float
    by_submission_id: bool

    async def __call__(self, older_than_seconds: float = JUDGED_SECONDS) -> Comparison:
        """Compare; documents that changed within `older_than_seconds` are not judged.

        Raises D365Unreachable if D365 gives no answer: half a comparison proves nothing.
        """
        began, comparison_id = self.clock.monotonic(), uuid4()
        try:
            await self._read_d365(comparison_id)
            # What has changed since the first page was read counts as changed just now.
            older_than_seconds += self.clock.monotonic() - began
            return await self._compare_all(comparison_id, older_than_seconds)
        except D365Error as error:
            raise D365Unreachable(f"Cannot compare with D365, because it gave no answer: {error.why}") from error
        finally:
            await self.found.drop(comparison_id)

    async def _read_d365(self, comparison_id: UUID) -> None:
        after = 0
        while cases := await self.d365.read_web_cases(after, page_size=_D365_PAGE, timeout=self.timeout_seconds):
            # A value that somebody typed there is not one of ours.
            ours = [case for case in cases if is_web_case_id(_web_case_id(case))]
            await self.found.add(comparison_id, ours)
            following = cases[-1].rec_id or 0
            if following <= after:
                raise D365Misconfigured("D365 returned the same page again; check [case.fields] rec_id")
            after = following

    async def _compare_all(self, comparison_id: UUID, older_than_seconds: float) -> Comparison:
        comparison, compared = Comparison(), _FIRST
        while cases := await self.found.page(comparison_id, compared, _COMPARED_PAGE):
            found = defaultdict[str, list[D365Case]](list)
            for case in cases:
                found[_web_case_id(case)].append(case)
            up_to = next(reversed(found))
            await self._compare(found, compared, up_to, older_than_seconds, comparison)
            compared = up_to
        await self._compare({}, compared, None, older_than_seconds, comparison)
        return comparison

    async def _compare(
        self, found: Found, after: str, up_to: str | None, older_than_seconds: float, comparison: Comparison
    ) -> None:
        """Compare one page of D365's cases with our books over the same range."""
        unknown = set(found)
        for web_case_id, cases in found.items():
            comparison.cases += len(cases)
            if len(cases) > 1:
                comparison.found_twice.add(web_case_id)
        # Starts after every submission of `after`.
        behind = DocumentId(after, 2**31 - 1)
        while entries := await self.books.entries(behind, up_to, _BOOKS_PAGE, older_than_seconds):
            unknown.difference_update(entry.id.web_case_id for entry in entries)
            await self._judge([entry for entry in entries if entry.judged], found, comparison)
            behind = entries[-1].id
        for web_case_id in sorted(unknown):
            comparison.found_not_delivered.add(web_case_id)

    async def _judge(self, entries: Sequence[Entry], found: Found, comparison: Comparison) -> None:
        missing: dict[str, list[Entry]] = defaultdict(list)
        for entry in entries:
            cases = found.get(entry.id.web_case_id, ())
            if entry.state is State.DELIVERED:
                if not any(_same(case.case_id, entry.case_id) for case in cases):
                    missing[entry.data_area_id].append(entry)
            elif any(self._is_its(case, entry) for case in cases):
                comparison.found_not_delivered.add(entry.id.web_case_id)
        for data_area_id, lost in missing.items():
            await self._look_for(data_area_id, lost, comparison)

    async def _look_for(self, data_area_id: str, entries: Sequence[Entry], comparison: Comparison) -> None:
        """Look by Case ID: a linked case may have no Web Case ID. A Case ID that cannot be a key is not judged."""
        entries = [entry for entry in entries if not entry.case_id or is_key(entry.case_id)]
        case_ids = [entry.case_id for entry in entries if entry.case_id]
        there: dict[str, str | None] = {}
        for start in range(0, len(case_ids), _LOST_AT_ONCE):
            part = case_ids[start : start + _LOST_AT_ONCE]
            cases = await self.d365.read_cases_by_case_id(data_area_id, part, timeout=self.timeout_seconds)
            there |= {case.case_id.casefold(): case.web_case_id for case in cases}
        for entry in entries:
            bears = there.get((entry.case_id or "").casefold(), "nothing there")
            if bears and not _same(bears, entry.id.web_case_id):
                comparison.delivered_not_found.add(entry.id.web_case_id)

    def _is_its(self, case: D365Case, entry: Entry) -> bool:
        """Whether D365's case came from this very submission."""
        if not _same(case.data_area_id, entry.data_area_id) or not _same(case.customer_account, entry.customer_account):
            return False
        if self.by_submission_id:
            return case.submission_id == entry.submission_id
        return not entry.other_delivered and entry.cause not in _EXPLAINED


def _web_case_id(case: D365Case) -> str:
    return (case.web_case_id or "").strip().upper()


def _same(one: str | None, other: str | None) -> bool:
    return (one or "").strip().casefold() == (other or "").strip().casefold()
