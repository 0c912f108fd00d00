"""What a check creates: a case that says what it is, with texts as long as dealers may write them."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

from case_shared.d365.check.report import Finding, failed, warning
from case_shared.d365.check.target import Target
from case_shared.d365.errors import D365Misconfigured
from case_shared.d365.mapping import CaseLengths, FixedCategory, FixedPriority
from case_shared.d365.mapping import Mapping as D365Mapping
from case_shared.d365.models import CaseToCreate, uuid_or_none
from case_shared.d365.odata import key_equals
from case_shared.words.identifiers import new_marked_id

# The longest texts that the portal takes (`case_shared.words.events`).
_LENGTHS = {
    "description": 4000,
    "notes": 20_000,
    "contact_name": 200,
    "contact_email": 254,
    "contact_phone": 50,
    "created_by": 254,
}
_MARK = "Casebridge connection check: not a real case, please ignore. "
# Every text field takes this many characters.
SHORT = 20
_MOST_CATEGORIES = 1000


async def marked_case(target: Target, company: str) -> CaseToCreate | Finding:
    """Compose a case of the first customer and category that D365 shows in `company`, or a finding if it shows none."""
    mapping = target.mapping
    customers = mapping.customers
    customer = await _first(target, customers.entity_set, company, customers.fields.by_ours(), customers.filter)
    if not customer:
        return failed("no_customer_there", company=company)
    rows = await _categories(target, company)
    category = next((row for row in rows if target.category_types.allow(row.get("category_type"))), None)
    if not category:
        return failed("no_category_there", company=company)
    return CaseToCreate(
        data_area_id=company,
        web_case_id=new_marked_id(),
        submission_id=uuid4(),
        customer_account=customer["customer_account"],
        category=category["category"],
        category_type=category["category_type"],
        priority=await _priority(target, company),
        **{ours: marked_text(length) for ours, length in lengths(mapping).items()},
    )


def lengths(mapping: D365Mapping) -> dict[str, int]:
    """Return how long a text a dealer may submit, by our names of the fields."""
    known = mapping.case.lengths.known()
    mapped = mapping.case.fields.by_ours()
    return {ours: min(length, known.get(ours, length)) for ours, length in _LENGTHS.items() if ours in mapped}


def shortened(case: CaseToCreate) -> CaseToCreate:
    """Return the same case with texts that fit into any field."""
    texts = {ours: marked_text(SHORT) for ours in _LENGTHS if getattr(case, ours)}
    return case.model_copy(update=texts)


async def without_number(target: Target, case: CaseToCreate) -> CaseToCreate:
    """Return a case without a Web Case ID, as D365's own staff create it; if possible of a type hidden from dealers."""
    rows = await _categories(target, case.data_area_id)
    hidden = next((row for row in rows if target.category_types.hide(row.get("category_type"))), {})
    changes = {name: text for name, text in hidden.items() if name in {"category", "category_type"}}
    return shortened(case).model_copy(update={"web_case_id": "", "submission_id": uuid4()} | changes)


def differences(sent: CaseToCreate, row: Mapping[str, Any], fields: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what D365 stored differently; `row` has D365's names, `fields` maps ours to D365's."""
    for ours, theirs in fields.items():
        wanted, found = getattr(sent, ours, None), row.get(theirs)
        if ours == "submission_id":
            # A delivery whose answer got lost recognizes its case by nothing else, so only the same ID will do.
            if uuid_or_none(found) != wanted:
                yield failed("submission_id_changed", field=theirs)
        elif wanted is None or not isinstance(found, str) or wanted.casefold() == found.casefold():
            continue
        elif ours in _LENGTHS and found and wanted.startswith(found):
            yield too_short("cut", field=theirs, ours=ours, sent=len(wanted), stored=len(found))
        else:
            yield warning("changed", field=theirs)


def too_short(code: str, *, ours: str, **values: object) -> Finding:
    """Make a finding about a field that does not take a whole text; only dealers' own texts can have a limit."""
    has_limit = ours in CaseLengths.model_fields
    return warning(code if has_limit else f"{code}_without_limit", ours=ours, **values)


def marked_text(length: int) -> str:
    """Return a text of `length` characters that says what it is; its last one is none that D365 might strip."""
    return (_MARK * (length // len(_MARK) + 1))[: length - 1] + "."


async def _priority(target: Target, company: str) -> str | None:
    priorities = target.mapping.priorities
    if "priority" not in target.mapping.case.fields.by_ours():
        return None
    if priorities.list:
        return next((one.priority for one in priorities.list if _exists_in(company, one)), None)
    if not priorities.entity_set:
        return None
    try:
        found = await _first(target, priorities.entity_set, company, priorities.fields.by_ours(), priorities.filter)
    except D365Misconfigured as error:
        if priorities.is_expected or error.status != 404:
            raise
        return None
    return found.get("priority")


async def _categories(target: Target, company: str) -> list[dict[str, str]]:
    table = target.mapping.categories
    if table.list:
        named = (one for one in table.list if _exists_in(company, one))
        return [{"category": one.category, "category_type": one.category_type} for one in named]
    return await _rows(target, table.entity_set, company, table.fields.by_ours(), table.filter)


def _exists_in(company: str, one: FixedCategory | FixedPriority) -> bool:
    # D365 keeps codes of legal entities without letter case, and status-sync compares them in lower case, too.
    return (one.data_area_id or company).lower() == company.lower()


async def _first(
    target: Target, entity_set: str, company: str, fields: Mapping[str, str], own_filter: str
) -> dict[str, str]:
    rows = await _rows(target, entity_set, company, fields, own_filter, most=1)
    return rows[0] if rows else {}


async def _rows(
    target: Target,
    entity_set: str,
    company: str,
    fields: Mapping[str, str],
    own_filter: str,
    most: int = _MOST_CATEGORIES,
) -> list[dict[str, str]]:
    """Return the rows of a legal entity under our names, their text fields only."""
    wanted = key_equals(fields["data_area_id"], company) + (f" and ({own_filter})" if own_filter else "")
    url = target.sets.url(entity_set, filter=wanted, select=",".join(fields.values()), top=most)
    page = await target.sets.page("read choices", url, timeout=target.timeout)
    return [
        {ours: row[theirs] for ours, theirs in fields.items() if isinstance(row.get(theirs), str)} for row in page.rows
    ]
