"""Steps `throttling` and `status_symbols`."""

from collections.abc import Iterable

from case_shared.d365.check.report import Finding, ok, warning
from case_shared.d365.check.statuses import listed_symbols
from case_shared.d365.check.target import Target
from case_shared.d365.errors import D365Throttled

_READS = 5
_SLOW_SECONDS = 5.0
_MOST_CASES = 1000


async def throttling(target: Target) -> list[Finding]:
    """Read one case five times, and count the 429s of the whole check."""
    seconds = []
    for _ in range(_READS):
        began = target.clock.monotonic()
        try:
            await target.client.probe(timeout=target.timeout)
        except D365Throttled:
            break
        seconds.append(target.clock.monotonic() - began)
    notes = target.notes
    if notes.throttled:
        client_id, wait = target.settings.d365_client_id, f"{notes.longest_wait_seconds:g}"
        return [warning("throttled", times=notes.throttled, seconds=wait, client_id=client_id)]
    times = {"fastest": f"{min(seconds):.2f}", "slowest": f"{max(seconds):.2f}"}
    return [warning("slow", **times) if max(seconds) > _SLOW_SECONDS else ok("fast", **times)]


async def status_symbols(target: Target) -> list[Finding]:
    """Check that the mapping knows each case status that D365 has."""
    symbols: Iterable[str] = await listed_symbols(target)
    described = bool(symbols)
    if not described and target.cases_usable:
        symbols = await _of_cases(target)
    unmapped = [one for one in dict.fromkeys(symbols) if target.mapping.portal_status(one) is None]
    if unmapped:
        return [warning("symbol_not_mapped", symbol=symbol) for symbol in unmapped]
    return [ok("symbols_mapped", symbols=", ".join(symbols)) if described else ok("symbols_not_known")]


async def _of_cases(target: Target) -> list[str]:
    """The statuses of the cases that changed last."""
    case = target.mapping.case
    status, modified_at = case.fields.status, case.fields.modified_at
    url = target.sets.url(case.entity_set, orderby=f"{modified_at} desc", top=_MOST_CASES, select=status)
    page = await target.sets.page("read statuses", url, timeout=target.timeout)
    return sorted({row[status] for row in page.rows if isinstance(row.get(status), str) and row[status]})
