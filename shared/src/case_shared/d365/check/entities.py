"""Step `entities`: does D365 have the mapping's entity sets and fields, and do they suit?"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from case_shared.d365.check.metadata import EntitySchema, MetadataService
from case_shared.d365.check.report import Finding, State, failed, ok, warning
from case_shared.d365.check.target import Target
from case_shared.d365.errors import D365Error, D365Forbidden, D365Misconfigured, D365Unauthorized
from case_shared.d365.mapping import CONTACT_FIELDS
from case_shared.d365.models import CaseToCreate
from case_shared.d365.preflight import Table, read, tables

# Without these types the poll cannot resume where it was.
_TYPES = {"modified_at": "Edm.DateTimeOffset", "rec_id": "Edm.Int64"}
# What a dealer may leave out of a case that is submitted all the same.
_MAY_BE_EMPTY = frozenset({"priority", "description", "notes", *CONTACT_FIELDS})


async def entities(target: Target) -> list[Finding]:
    """Read each set once with all its mapped fields, and ask the metadata service about the case entity."""
    findings: list[Finding] = []
    for table in tables(target.mapping):
        found = await _read_table(target, table)
        if found:
            target.learned.unfit.add(table.entity_set)
        findings += found
    findings += await _described(target)
    if any(one.state is State.FAILED for one in findings):
        return findings
    sets = ", ".join(table.entity_set for table in tables(target.mapping))
    return [ok("entities_fit", sets=sets), *findings]


async def _read_table(target: Target, table: Table) -> list[Finding]:
    values = {"table": table.name, "entity_set": table.entity_set}
    try:
        await read(target.sets, table, table.fields, target.timeout, filter_=table.filter)
    except (D365Forbidden, D365Unauthorized) as error:
        # Step `privileges` reports it.
        target.learned.forbidden[table.entity_set] = error.status or 403
    except D365Misconfigured as error:
        if error.status == 404 and table.optional:
            return []
        if error.status == 404:
            near = get_close_matches(table.entity_set, target.learned.sets, n=1)
            code = "no_entity_set_but_another" if near else "no_entity_set"
            return [failed(code, **values, near="".join(near))]
        return await _refused_fields(target, table, error)
    return []


async def _refused_fields(target: Target, table: Table, refusal: D365Error) -> list[Finding]:
    values = {"table": table.name, "entity_set": table.entity_set}
    findings = []
    shown: frozenset[str] | None = None
    for field in table.fields:
        try:
            await read(target.sets, table, (field,), target.timeout)
        except D365Misconfigured:
            shown = await _shown(target, table) if shown is None else shown
            if field in shown:
                ours = _ours(target, field) if table.name == "case" else field
                findings.append(failed("field_not_queryable", **values, field=field, ours=ours))
            else:
                findings.append(failed("no_field", **values, field=field))
    code = "filter_refused" if table.filter else "entity_refused"
    return findings or [failed(code, **values, why=refusal.why)]


async def _shown(target: Target, table: Table) -> frozenset[str]:
    """Return the fields of a whole row: D365 shows some that no query may name (docs/d365.md#addresses-and-queries)."""
    url = target.sets.url(table.entity_set, top=1)
    page = await target.sets.page("read one row", url, timeout=target.timeout)
    return frozenset(name for row in page.rows for name in row)


def _ours(target: Target, field: str) -> str:
    return next(ours for ours, theirs in target.mapping.case.fields.by_ours().items() if theirs == field)


async def _described(target: Target) -> list[Finding]:
    metadata = MetadataService(target.sets, target.settings.d365_url, target.timeout)
    schema = await metadata.entity(target.mapping.case.entity_set)
    if schema is None:
        return [ok("no_metadata")]
    target.learned.case_schema = schema
    return [*_unsuitable(target, schema), *await _unknown_category_types(target, schema, metadata)]


async def _unknown_category_types(target: Target, schema: EntitySchema, metadata: MetadataService) -> list[Finding]:
    """Compare `D365_CATEGORY_TYPES` with D365's own types: a typo hides every case of the type that was meant."""
    allowed = target.category_types.allowed
    field = schema.fields.get(target.mapping.case.fields.by_ours().get("category_type", ""))
    if not allowed or field is None or field.type.startswith("Edm."):
        return []
    symbols = await metadata.symbols(field.type)
    if not symbols:
        return []
    known, shown = {one.casefold() for one in symbols}, ", ".join(symbols)
    unknown = [one for one in allowed if one.casefold() not in known]
    return [warning("no_category_type", category_type=one, known=shown) for one in unknown]


def _unsuitable(target: Target, schema: EntitySchema) -> Iterator[Finding]:
    case = target.mapping.case
    names, entity_set = case.fields.by_ours(), case.entity_set
    if schema.read_only:
        yield failed("read_only_entity", entity_set=entity_set)
    for ours, wanted in _TYPES.items():
        field = schema.fields.get(names.get(ours, ""))
        if field and field.type.startswith("Edm.") and field.type != wanted:
            yield failed(
                "field_of_another_type", entity_set=entity_set, field=field.name, ours=ours, found=field.type,
                wanted=wanted,
            )  # fmt: skip
    yield from _unsuitable_to_create(schema, names, entity_set)


def _unsuitable_to_create(schema: EntitySchema, names: Mapping[str, str], entity_set: str) -> Iterator[Finding]:
    sent = {theirs: ours for ours, theirs in names.items() if ours in CaseToCreate.model_fields}
    for field in schema.fields.values():
        if field.name == names["case_id"]:
            # D365 calls many a key mandatory that it numbers itself; step `write` drops this once a case has its key.
            if field.mandatory and field.creatable:
                yield warning("number_sequence_unknown", field=field.name)
        elif field.mandatory and field.name not in sent:
            yield failed("mandatory_never_sent", field=field.name, entity_set=entity_set)
        elif field.name in sent and not field.creatable:
            yield failed("read_only_field", field=field.name, entity_set=entity_set, ours=sent[field.name])
        elif field.mandatory and sent[field.name] in _MAY_BE_EMPTY:
            yield failed("mandatory_maybe_empty", field=field.name, entity_set=entity_set)
