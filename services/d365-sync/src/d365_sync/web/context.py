"""What the routes work with, found in `app.state.context`."""

from dataclasses import dataclass

from fastapi import Request

from d365_sync.app.bells import Bells
from d365_sync.app.end_document import EndDocument
from d365_sync.app.ledger_d365 import CompareWithD365
from d365_sync.app.link import Link
from d365_sync.app.preview import Preview
from d365_sync.app.replay import Replay
from d365_sync.app.replays import OrderReplay, SteerReplay
from d365_sync.app.search_d365 import SearchD365
from d365_sync.app.show_flow import ShowFlow
from d365_sync.app.verify import Verify
from d365_sync.postgres.control import PostgresControl
from d365_sync.postgres.dealers import PostgresDealers
from d365_sync.postgres.desk import PostgresDesk
from d365_sync.postgres.queries import Queries
from d365_sync.postgres.windows import PostgresWindows


@dataclass(frozen=True)
class Context:
    """The use cases and the reads."""

    queries: Queries
    control: PostgresControl
    desk: PostgresDesk
    windows: PostgresWindows
    dealers: PostgresDealers
    replay: Replay
    preview: Preview
    order_replay: OrderReplay
    steer_replay: SteerReplay
    compare_with_d365: CompareWithD365
    show_flow: ShowFlow
    search_d365: SearchD365
    link: Link
    verify: Verify
    end: EndDocument
    bells: Bells
    d365_url: str


def context_of(request: Request) -> Context:
    """The context of the application that serves `request`."""
    context: Context = request.app.state.context
    return context
