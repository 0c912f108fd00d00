"""Show how far a case's submission has come, at once or when its outcome is known."""

import asyncio

from case_api.app.get_case import get_case
from case_api.app.stores import CaseStore
from case_api.domain.case import Submission
from case_api.domain.errors import NotSubmitted
from case_shared.process.clock import Clock
from case_shared.process.loops import pause

# Another replica may read d365-sync's answer, so watch the table.
_FIRST_LOOK_SECONDS = 0.05
_LOOK_SECONDS = 0.5


async def get_submission(store: CaseStore, dealer: str, web_case_id: str) -> Submission:
    """Return the case's current submission. Raises: `CaseNotFound`, `NotSubmitted`."""
    case = await get_case(store, dealer, web_case_id)
    if case.submission is None:
        raise NotSubmitted(web_case_id)
    return case.submission


async def await_outcome(
    store: CaseStore, dealer: str, web_case_id: str, *, seconds: float, clock: Clock, stopping: asyncio.Event
) -> Submission:
    """Return the current submission once it has ended, or as it is after `seconds` or when the service stops."""
    ends = clock.monotonic() + seconds
    wait = _FIRST_LOOK_SECONDS
    submission = await get_submission(store, dealer, web_case_id)
    while not submission.ended and clock.monotonic() < ends and not stopping.is_set():
        await pause(min(wait, ends - clock.monotonic()), stopping)
        wait = min(wait * 2, _LOOK_SECONDS)
        submission = await get_submission(store, dealer, web_case_id)
    return submission
