"""Steps `queries` and `clock`: does D365 answer the queries we send, and what time does it have?"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

from case_shared.d365.check.report import Finding, State, failed, ok, warning
from case_shared.d365.check.target import Target
from case_shared.d365.errors import D365Misconfigured
from case_shared.d365.models import ModifiedKey, moment_or_none
from case_shared.d365.odata import key_equals, string_literal

# D365 does not publish how large a filter may be; the default of OData libraries allows 16 to 19 terms.
_CHAINS = (1, 5, 10, 15, 20, 30, 50, 75, 100)
_BEGINNING = ModifiedKey(datetime(2000, 1, 1, tzinfo=UTC), 0)
_FEW = 5
_CLOCK_SECONDS = 60


class _Newest(NamedTuple):
    case_id: str
    modified_at: datetime


async def queries(target: Target) -> list[Finding]:
    """Test chains of `or`, reading on by modified time, order, and search by part of a text."""
    findings = [*await _chains(target), *await _keyset(target), *await _wildcard(target)]
    if any(one.state is State.FAILED for one in findings):
        return findings
    return [ok("queries_work", terms=target.learned.or_terms), *findings]


async def _chains(target: Target) -> list[Finding]:
    """Find out how many terms D365 takes, so that no poll has to learn it from refusals."""
    case = target.mapping.case
    field = case.fields.web_case_id
    place = key_equals(case.fields.data_area_id, target.asked.company or "none")
    for terms in _CHAINS:
        # A look-up also names the legal entity, so the filter does.
        chain = " or ".join(f"{field} eq {string_literal(f'CHECK{number:05}')}" for number in range(terms))
        url = target.sets.url(case.entity_set, filter=f"{place} and ({chain})", top=1, select=case.fields.case_id)
        try:
            page = await target.sets.page("check or chain", url, timeout=target.timeout)
        except D365Misconfigured as error:
            refused = failed("or_refused", field=field, ours="web_case_id", why=error.why)
            return [refused] if terms == 1 else []
        if page.rows:
            return [failed("filter_ignored", field=field)]
        target.learned.or_terms = terms
    return []


async def _keyset(target: Target) -> list[Finding]:
    """Read as the poll does: a first page, then on from the middle of it."""
    try:
        first = await _read(target, page_size=_FEW, pages=1)
        both = await _read(target, page_size=max(1, len(first) // 2), pages=2) if first else []
    except D365Misconfigured as error:
        return [failed("keyset_refused", why=error.why)]
    if not (in_order(first) and in_order(both)):
        return [failed("order_ignored", field=target.mapping.case.fields.modified_at)]
    return []


async def _read(target: Target, *, page_size: int, pages: int) -> list[ModifiedKey]:
    keys: list[ModifiedKey] = []
    async for cases in target.client.read_modified_since(_BEGINNING, page_size=page_size, timeout=target.timeout):
        keys += [
            ModifiedKey(one.modified_at, one.rec_id) for one in cases if one.modified_at and one.rec_id is not None
        ]
        pages -= 1
        if not pages:
            break
    return keys


def in_order(keys: Sequence[ModifiedKey]) -> bool:
    """Return whether D365 ordered them by modified time and RecId, each once.

    Within one fraction of a second D365 may keep more digits than a datetime can: any order of RecIds is right there.
    """
    return all(
        after > before or (after.modified_at == before.modified_at and after.modified_at.microsecond > 0)
        for before, after in pairwise(keys)
    ) and len(set(keys)) == len(keys)


async def _wildcard(target: Target) -> list[Finding]:
    case = target.mapping.case
    url = target.sets.url(case.entity_set, filter=f"{case.fields.case_id} eq '*'", top=1, select=case.fields.case_id)
    every = target.sets.url(case.entity_set, top=1, select=case.fields.case_id)
    try:
        page = await target.sets.page("check wildcard", url, timeout=target.timeout)
    except D365Misconfigured as error:
        return [warning("wildcard_refused", why=error.why)]
    if not page.rows and (await target.sets.page("check wildcard", every, timeout=target.timeout)).rows:
        return [warning("wildcard_refused", why="nothing matches '*'")]
    return []


async def clock(target: Target) -> list[Finding]:
    """Compare D365's `Date` with our clock, and the last modification of a case with D365's clock."""
    offset = target.notes.clock_offset_seconds
    findings = []
    if offset is not None and abs(offset) > _CLOCK_SECONDS:
        findings.append(failed("clock_ahead" if offset > 0 else "clock_behind", seconds=f"{abs(offset):.0f}"))
    newest = await _newest(target) if target.cases_usable else None
    there = target.notes.server_time or target.clock.now()
    if newest and (newest.modified_at - there).total_seconds() > _CLOCK_SECONDS:
        moment = newest.modified_at.isoformat(timespec="seconds")
        findings.append(failed("modified_in_future", case_id=newest.case_id, moment=moment))
    if findings:
        return findings
    return [ok("no_date") if offset is None else ok("clocks_agree", seconds=f"{abs(offset):.0f}")]


async def _newest(target: Target) -> _Newest | None:
    case = target.mapping.case
    modified_at, case_id = case.fields.modified_at, case.fields.case_id
    url = target.sets.url(case.entity_set, orderby=f"{modified_at} desc", top=1, select=f"{case_id},{modified_at}")
    page = await target.sets.page("read newest case", url, timeout=target.timeout)
    moment = moment_or_none(page.rows[0].get(modified_at)) if page.rows else None
    return _Newest(str(page.rows[0].get(case_id)), moment) if moment else None
