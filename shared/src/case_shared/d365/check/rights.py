"""Steps `privileges` and `companies`: what the service user may do, and where."""

from case_shared.d365.check.report import Finding, failed, ok, warning
from case_shared.d365.check.target import Target
from case_shared.d365.errors import D365Misconfigured
from case_shared.d365.odata import key_equals, string_literal

# D365 might refuse a filter that names more legal entities than these.
_MOST_COMPANIES = 14
# Where D365 lists its legal entities for every user, and the field with their codes.
_LEGAL_ENTITIES = (("LegalEntities", "LegalEntityId"), ("Companies", "DataArea"))
# The shared company of F&O, in which nobody trades.
_SHARED_COMPANY = "dat"


async def privileges(target: Target) -> list[Finding]:
    """Judge reading by what step `entities` has read; only step `write` can judge creating."""
    refused = target.learned.forbidden
    if refused:
        return [failed("lacks_view", entity_set=entity_set, status=status) for entity_set, status in refused.items()]
    return [ok("may_read"), ok("create_not_tried")]


async def companies(target: Target) -> list[Finding]:
    """Compare the legal entities whose customers the service user sees with those of registered dealers."""
    seen, complete = await _seen(target)
    wanted = set(target.asked.dealer_companies)
    if target.asked.company:
        wanted.add(target.asked.company)
    # The scan may have stopped early, so ask for each missing one by itself.
    unseen = [one for one in sorted(wanted) if one.lower() not in seen and not await _has_customers(target, one)]
    if unseen and seen:
        return [failed("company_unseen", seen=", ".join(sorted(seen)), unseen=", ".join(unseen))]
    if not seen:
        return [failed("no_customer")]
    if complete and not target.asked.dealer_companies:
        others = [one for one in await _legal_entities(target) if one not in seen and one != _SHARED_COMPANY]
        if others:
            shown = ", ".join(others[:_MOST_COMPANIES])
            return [warning("companies_maybe_unseen", seen=", ".join(sorted(seen)), unseen=shown)]
    return [ok("companies_seen", seen=", ".join(sorted(seen)) + ("" if complete else ", …"))]


async def _seen(target: Target) -> tuple[set[str], bool]:
    """Return the legal entities with customers, found by one read each, and whether these are all."""
    seen: set[str] = set()
    field = target.mapping.customers.fields.data_area_id
    while len(seen) < _MOST_COMPANIES:
        others = [f"{field} ne {string_literal(one)}" for one in sorted(seen)]
        try:
            row = await _first_customer(target, " and ".join(others))
        except D365Misconfigured:
            # D365 refuses a filter of one term for its content, one of many perhaps for its size.
            if not seen:
                raise
            return seen, False
        if row is None:
            return seen, True
        if row in seen:
            return seen, False
        seen.add(row)
    return seen, False


async def _has_customers(target: Target, company: str) -> bool:
    field = target.mapping.customers.fields.data_area_id
    return await _first_customer(target, key_equals(field, company)) is not None


async def _first_customer(target: Target, more: str) -> str | None:
    table = target.mapping.customers
    given = f"({table.filter})" if table.filter and more else table.filter
    wanted = " and ".join(part for part in (given, more) if part)
    url = target.sets.url(table.entity_set, filter=wanted, top=1, select=table.fields.data_area_id)
    page = await target.sets.page("read customers", url, timeout=target.timeout)
    value = page.rows[0].get(table.fields.data_area_id) if page.rows else None
    return value.lower() if isinstance(value, str) else None


async def _legal_entities(target: Target) -> list[str]:
    for entity_set, field in _LEGAL_ENTITIES:
        if entity_set in target.learned.sets:
            url = target.sets.url(entity_set, select=field, top=1000)
            page = await target.sets.page("read legal entities", url, timeout=target.timeout)
            return sorted(str(row[field]).lower() for row in page.rows if isinstance(row.get(field), str))
    return []
