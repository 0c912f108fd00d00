"""The console on a real document queue, whose API runs in this process."""

from collections.abc import AsyncIterator

import pytest_asyncio

from case_shared.d365.client import D365Client
from d365_sync.operators_api import build_context
from portal_web.settings import Settings
from tests.integration.d365_sync.conftest import Queue, dead_letter, queue, settings_for
from tests.integration.d365_sync.operators import application
from tests.integration.portal_web.conftest import CASE_API, PORTAL, Browser, Portal, serving
from tests.support.sandbox import Sandbox

D365_SYNC = "http://d365-sync"
__all__ = ["dead_letter", "queue"]


@pytest_asyncio.fixture
async def portal(queue: Queue, d365: Sandbox, issuer: str) -> AsyncIterator[Portal]:
    """The portal with d365-sync behind it."""
    client = queue.dispatcher.look_up.d365
    assert isinstance(client, D365Client)
    settings = Settings(
        database_url=queue.database.url("portal_web"), oidc_issuer=issuer, public_url=PORTAL,
        case_api_url=CASE_API, d365_sync_url=D365_SYNC,
    )  # fmt: skip
    context = build_context(settings_for(queue.database, d365), queue.pool, client, queue.wake_ups)
    async with serving(settings, queue.database, D365_SYNC, application(context)) as running:
        yield running


@pytest_asyncio.fixture
async def olga(portal: Portal) -> AsyncIterator[Browser]:
    """An operator, signed in."""
    async with portal.browser() as browser:
        arrived = await browser.sign_in("olga", "/console/delivery")
        assert arrived.status_code == 200, arrived.text
        yield browser
