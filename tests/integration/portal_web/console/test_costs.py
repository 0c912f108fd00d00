"""What a page of the console costs the portal itself, measured like the dealers' pages."""

from tests.integration.d365_sync.conftest import Queue, submitted
from tests.integration.portal_web.conftest import Browser, Portal
from tests.integration.portal_web.test_costs import MOST_SECONDS, Recorded, measured
from tests.support.patience import PATIENCE


async def test_no_page_of_the_console_costs_much_nor_looks_at_the_disk(
    portal: Portal, olga: Browser, queue: Queue, dead_letter: str
) -> None:
    for _ in range(24):
        await queue.take_in(submitted())
    transports = portal.context.http._mounts
    pattern = next(one for one, transport in transports.items() if transport is portal.api)
    transports[pattern] = Recorded(portal.api)
    documents = "/console/documents"
    paths = [
        *("/console", "/console/now", "/console/ledger", "/console/delivery", "/console/audit", "/console/dealers"),
        *("/console/unreadable", "/console/replays", "/console/replays/new"),
        *(f"{documents}?state=any", documents, f"{documents}/{dead_letter}", f"{documents}/{dead_letter}/edit"),
        *(f"{documents}/{dead_letter}/discard", f"{documents}/{dead_letter}/link"),
    ]
    costs = {path: await measured(olga, path) for path in paths}
    readable = {path: f"{seconds * 1000:.1f} ms" for path, seconds in costs.items()}
    assert max(costs.values()) < MOST_SECONDS * PATIENCE, readable
