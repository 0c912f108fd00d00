"""The flow: one picture that shows within five seconds whether all is well; and the ledger."""

import asyncio

from fastapi import APIRouter, Request, Response

from portal_web.clients.operators_api import OperatorsApi
from portal_web.clients.rest import Unavailable
from portal_web.domain.d365_sync import LedgerDocument
from portal_web.web.console.access import Operator
from portal_web.web.console.pages import show
from portal_web.web.console.plots import HEIGHT, SERIES, WIDTH, plot

router = APIRouter(prefix="/console")
# The ledger joins all submissions; the picture does not wait for it longer than this.
_LEDGER_SECONDS = 2.0
# A comparison reads all of D365's cases, a thousand a request. It may take half an hour; no page waits so long.
_COMPARISON_SECONDS = 25.0


@router.get("")
async def flow(request: Request, console: Operator) -> Response:
    """The picture; `/console/now` returns its changing part again."""
    return await _shown(request, console, "flow")


@router.get("/now")
async def now(request: Request, console: Operator) -> Response:
    """Only the changing part. If it cannot be loaded, the page says so (trouble.js) and keeps what it shows."""
    return await _shown(request, console, "flow_now")


@router.get("/ledger")
async def ledger(request: Request, console: Operator, d365: bool = False) -> Response:
    """Where each submission is; with `d365`, compared with D365's books."""
    found, trouble, why = await _compared(console.api) if d365 else (None, "", "")
    books = found or await console.api.ledger()
    return await show(request, console, "ledger", ledger=books, trouble=trouble, why=why)


async def _shown(request: Request, console: Operator, template: str) -> Response:
    found, books = await asyncio.gather(console.api.flow(), _ledger(console.api))
    plots = {stage: plot(found.history, stage) for stage in SERIES}
    return await show(
        request, console, template, flow=found, ledger=books, plots=plots, plot_width=WIDTH, plot_height=HEIGHT
    )


async def _compared(api: OperatorsApi) -> tuple[LedgerDocument | None, str, str]:
    """The ledger compared with D365's books; or None, why nothing was compared (`slow`, `refused`), and in words."""
    try:
        async with asyncio.timeout(_COMPARISON_SECONDS):
            return await api.ledger(d365=True), "", ""
    except TimeoutError:
        return None, "slow", ""
    except Unavailable as error:
        return None, "refused", error.why


async def _ledger(api: OperatorsApi) -> LedgerDocument | None:
    try:
        async with asyncio.timeout(_LEDGER_SECONDS):
            return await api.ledger()
    except (TimeoutError, Unavailable):
        return None
