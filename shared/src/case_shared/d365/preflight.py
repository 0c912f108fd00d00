# ruff: noqa: ASYNC109 - the caller's time-out is passed down
"""Does D365 have what the mapping names? Reads find out, never the text of an error.

One read per entity set selects all its mapped fields at once. Only if D365 refuses that (400), each field is asked
for alone, which shows the unknown ones. `$metadata` would show as much, but F&O's has tens of megabytes.
"""

from collections.abc import Iterator
from typing import NamedTuple

from case_shared.d365.errors import D365Error, D365Forbidden, D365Misconfigured
from case_shared.d365.mapping import Mapping
from case_shared.d365.models import PreflightProblem
from case_shared.d365.odata import string_literal
from case_shared.d365.reading import EntitySets

# No case has this number: the read checks the fields' names without reading anybody's notes.
_NO_CASE = "casebridge-preflight"
_NO_FIELD = (
    "D365 has no such field, or it is private (400); correct its name in the mapping, or set its access modifier to "
    "Public in the entity"
)
_NO_SET = "D365 has no such entity set (404); correct entity_set in the mapping, or publish the entity in D365"


class Table(NamedTuple):
    """An entity set of the mapping; a read of it uses `always` as its filter, or else `filter`.

    `optional`: D365 may lack the set.
    """

    name: str
    entity_set: str
    fields: tuple[str, ...]
    filter: str = ""
    always: str = ""
    optional: bool = False


async def check_mapping(sets: EntitySets, mapping: Mapping, *, timeout: float) -> tuple[PreflightProblem, ...]:
    """Return every entity set and field that D365 lacks or does not let us read; `timeout` in seconds per request.

    Raises: D365Error if D365 cannot say whether cases can be delivered.
    """
    cases, *others = tables(mapping)
    problems = await _check(sets, cases, timeout)
    for table in others:
        try:
            problems += await _check(sets, table, timeout)
        except D365Error as error:
            problems.append(PreflightProblem(table.name, table.entity_set, None, error.why))
    return tuple(problems)


def tables(mapping: Mapping) -> Iterator[Table]:
    """Yield the entity sets that the mapping names, cases first."""
    case = mapping.case
    none = f"{case.fields.case_id} eq {string_literal(_NO_CASE)}"
    yield Table("case", case.entity_set, tuple(case.fields.by_ours().values()), always=none)
    for name, table in (
        ("categories", mapping.categories),
        ("priorities", mapping.priorities),
        ("customers", mapping.customers),
    ):
        if table.entity_set and not getattr(table, "list", ()):
            fields = tuple(table.fields.by_ours().values())
            optional = table is mapping.priorities and not mapping.priorities.is_expected
            yield Table(name, table.entity_set, fields, table.filter, optional=optional)
    queue = mapping.document_queue
    if queue.entity_set:
        yield Table("document_queue", queue.entity_set, tuple(queue.fields.by_ours().values()))


async def _check(sets: EntitySets, table: Table, timeout: float) -> list[PreflightProblem]:
    try:
        await read(sets, table, table.fields, timeout, filter_=table.filter)
    except D365Forbidden:
        return [PreflightProblem(table.name, table.entity_set, None, "the integration user may not read it (403)")]
    except D365Misconfigured as error:
        if error.status == 404 and table.optional:
            return []
        if error.status == 404:
            return [PreflightProblem(table.name, table.entity_set, None, _NO_SET)]
        return await _unknown_fields(sets, table, timeout)
    return []


async def _unknown_fields(sets: EntitySets, table: Table, timeout: float) -> list[PreflightProblem]:
    problems = []
    for field in table.fields:
        try:
            await read(sets, table, (field,), timeout)
        except D365Misconfigured:
            problems.append(PreflightProblem(table.name, table.entity_set, field, _NO_FIELD))
    return problems or [PreflightProblem(table.name, table.entity_set, None, "D365 rejects its filter (400)")]


async def read(sets: EntitySets, table: Table, fields: tuple[str, ...], timeout: float, filter_: str = "") -> None:
    """Read one row; its content does not matter. Raises: D365Error."""
    url = sets.url(table.entity_set, filter=table.always or filter_, select=",".join(fields), top=1)
    await sets.call("preflight", "GET", url, timeout=timeout)
