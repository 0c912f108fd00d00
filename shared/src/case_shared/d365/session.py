"""The HTTP session that the client needs: no redirects followed (per call), no cookies, few idle connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

import aiohttp

from case_shared.clock import Clock
from case_shared.d365.auth import ClientCredentials
from case_shared.d365.client import D365Client
from case_shared.d365.mapping import Mapping
from case_shared.d365.settings import D365Settings

# Well below the idle time after which D365's web server closes a connection (120 s by default in IIS): a connection
# that closes under a POST costs a read-back.
_KEEPALIVE_SECONDS = 15


def open_session(*, limit: int) -> aiohttp.ClientSession:
    """A session for D365 and its token endpoint with at most `limit` connections; opened in the running loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit, keepalive_timeout=_KEEPALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"Casebridge/{version('case-shared')}"},
        auto_decompress=True,
        trust_env=False,
    )


@asynccontextmanager
async def open_client(
    settings: D365Settings, mapping: Mapping, clock: Clock, *, limit: int
) -> AsyncIterator[D365Client]:
    """The client of the environment that the settings name, for the block, on at most `limit` connections.

    `mapping` is the settings' own, read once by the caller.
    """
    async with open_session(limit=limit) as session:
        credentials = ClientCredentials(
            session,
            token_url=settings.token_url,
            client_id=settings.d365_client_id,
            client_secret=settings.d365_client_secret,
            environment=settings.d365_url,
            clock=clock,
        )
        yield D365Client(session, credentials, mapping, environment=settings.d365_url, clock=clock)
