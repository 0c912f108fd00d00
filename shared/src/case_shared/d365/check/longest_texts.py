"""How long a text may be if D365 refuses longer ones. Changing the marked case finds out, so no other is created."""

from collections.abc import Awaitable, Callable

from case_shared.d365.check.marked_case import SHORT, lengths, marked_text, too_short
from case_shared.d365.check.report import Finding
from case_shared.d365.check.target import Target
from case_shared.d365.errors import D365Error, D365TransientError

# Writes one field of the marked case, by D365's name. Raises: D365Error.
Change = Callable[[str, str], Awaitable[None]]


async def longest_texts(target: Target, change: Change) -> list[Finding]:
    """Return a finding for each text that D365 keeps only in part; none if D365 does not let us change texts.

    Raises: D365TransientError.
    """
    findings = []
    for ours, most in lengths(target.mapping).items():
        field = target.mapping.case.fields.by_ours()[ours]
        kept = await _longest(change, field, most)
        if kept is not None and kept < most:
            findings.append(too_short("refused_longer", field=field, ours=ours, kept=kept, sent=most))
    return findings


async def _longest(change: Change, field: str, most: int) -> int | None:
    """Search by halving; None if D365 refuses even a short text."""
    if await _takes(change, field, most):
        return most
    taken, refused = SHORT, most
    if not await _takes(change, field, taken):
        return None
    while refused - taken > 1:
        middle = (taken + refused) // 2
        if await _takes(change, field, middle):
            taken = middle
        else:
            refused = middle
    return taken


async def _takes(change: Change, field: str, length: int) -> bool:
    try:
        await change(field, marked_text(length))
    except D365TransientError as error:
        # 422 and a validation's 500 are refusals, too.
        if error.status not in {409, 412, 422, 500}:
            raise
        return False
    except D365Error:
        return False
    return True
