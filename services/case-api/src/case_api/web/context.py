"""What the routes work with; the wiring puts it into the application's state."""

import asyncio
from dataclasses import dataclass

from fastapi import Request

from case_api.app.know_dealers import DealerDirectory
from case_api.app.live_streams import LiveStreams
from case_api.app.stores import CaseList, CaseStore, ListStore
from case_api.app.submit_case import Submitter
from case_shared.process.clock import Clock
from case_shared.web.cursors import Cursors
from case_shared.words.category_types import CategoryTypes


@dataclass(frozen=True, slots=True)
class Context:
    """Stores and use cases of this process."""

    cases: CaseStore
    list: CaseList
    lists: ListStore
    dealers: DealerDirectory
    submitter: Submitter
    category_types: CategoryTypes
    clock: Clock
    stopping: asyncio.Event
    request_seconds: float
    streams: LiveStreams
    cursors: Cursors
    keep_alive_seconds: float


def context_of(request: Request) -> Context:
    """Return the context of the application that answers `request`."""
    context: Context = request.app.state.context
    return context
