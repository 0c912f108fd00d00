"""D365's symbols of a case's status: which it lists, and with which one the check ends its own case."""

from collections.abc import Sequence
from typing import NamedTuple

from case_shared.d365.check.metadata import MetadataService
from case_shared.d365.check.target import Target
from case_shared.words.events import CaseStatus


class Ending(NamedTuple):
    """How a case of the check ends: D365's symbol, and what it means."""

    symbol: str
    status: CaseStatus


async def listed_symbols(target: Target) -> tuple[str, ...]:
    """Return the statuses that D365's metadata service lists; empty if it does not say."""
    schema = target.learned.case_schema
    field = schema.fields.get(target.mapping.case.fields.status) if schema else None
    if field is None or field.type.startswith("Edm."):
        return ()
    metadata = MetadataService(target.sets, target.settings.d365_url, target.timeout)
    return await metadata.symbols(field.type)


async def ending(target: Target) -> Ending | None:
    """Return how the check's case ends: canceled if D365 can do that, or closed; None if it can do neither."""
    # Without a list of D365's own, what the mapping file names comes before our defaults, which D365 may lack.
    symbols: Sequence[str] = await listed_symbols(target) or tuple(target.mapping.status)
    endings = [Ending(one, status) for one in symbols if (status := target.mapping.portal_status(one))]
    wanted = (CaseStatus.CANCELED, CaseStatus.CLOSED)
    return next((one for status in wanted for one in endings if one.status is status), None)
