"""What the routes need, in `app.state.context`."""

from dataclasses import dataclass, field

from fastapi import Request

from case_shared.web.cursors import Cursors
from d365_sync.app.end_document import EndDocument
from d365_sync.app.erase_personal_data import ErasePersonalData
from d365_sync.app.link import Link
from d365_sync.app.one_comparison import OneComparison
from d365_sync.app.operator_actions import OperatorActions
from d365_sync.app.preview import Preview
from d365_sync.app.reads import ReadsChecks, ReadsDealers, ReadsDelivery, ReadsQueue, ReadsRestores, Windows
from d365_sync.app.replay import Replay
from d365_sync.app.replays import OrderReplay, SteerReplay
from d365_sync.app.restore_d365 import OrderRestore
from d365_sync.app.search_d365 import SearchD365
from d365_sync.app.show_flow import ShowFlow
from d365_sync.app.verify import Verify
from d365_sync.app.wake_ups import WakeUps


@dataclass(frozen=True)
class Context:
    """The use cases and the stores; `wiring` provides them."""

    queries: ReadsQueue
    control: ReadsDelivery
    actions: OperatorActions
    windows: Windows
    dealers: ReadsDealers
    replay: Replay
    preview: Preview
    order_replay: OrderReplay
    steer_replay: SteerReplay
    compare_with_d365: OneComparison
    show_flow: ShowFlow
    search_d365: SearchD365
    link: Link
    verify: Verify
    end: EndDocument
    erase: ErasePersonalData
    order_restore: OrderRestore
    restores: ReadsRestores
    checks: ReadsChecks
    wake_ups: WakeUps
    d365_url: str
    cursors: Cursors = field(default_factory=Cursors)


def context_of(request: Request) -> Context:
    """The context of the application that serves `request`."""
    context: Context = request.app.state.context
    return context
