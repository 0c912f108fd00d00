"""The HTTP session that the client needs: no redirects (per call), no cookies, few idle connections."""

import os
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from importlib.metadata import version

import aiohttp

from case_shared.d365.auth import TokenSource, open_tokens
from case_shared.d365.chains import ChainMemory
from case_shared.d365.client import D365Client
from case_shared.d365.mapping import Mapping
from case_shared.d365.settings import D365Settings
from case_shared.d365.sign_in import Certificate, ClientCredentials, SignIn
from case_shared.process.certificates import show_certificate
from case_shared.process.clock import Clock

# Well below the idle time after which D365's web server closes a connection (120 s by default in IIS): a connection
# that closes during a POST costs a look-up.
_KEEPALIVE_SECONDS = 15


def trusted() -> ssl.SSLContext:
    """Return the trusted authorities: the system's, or those of SSL_CERT_FILE and SSL_CERT_DIR."""
    return _trusted(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=1)
def _trusted(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    # OpenSSL reads both variables itself; the cache saves the tens of milliseconds that reading all authorities takes.
    return ssl.create_default_context()


def token_source(session: aiohttp.ClientSession, sign_in: SignIn, scope: str, clock: Clock) -> TokenSource:
    """Return the source of tokens for this way of signing in; imports only its own library."""
    if isinstance(sign_in, ClientCredentials):
        from case_shared.d365.oauth import OAuthSource

        return OAuthSource(sign_in, scope, trusted(), clock)
    from case_shared.d365.entra import EntraSource

    return EntraSource(session, sign_in, scope, clock)


def open_session(*, limit: int, tracing: Sequence[aiohttp.TraceConfig] = ()) -> aiohttp.ClientSession:
    """Open a session for D365 and its token endpoint with at most `limit` connections, in the running loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=limit, keepalive_timeout=_KEEPALIVE_SECONDS, ssl=trusted()),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": f"Casebridge/{version('case-shared')}"},
        auto_decompress=True,
        trust_env=False,
        trace_configs=list(tracing),
    )


@asynccontextmanager
async def open_client(
    settings: D365Settings,
    mapping: Mapping,
    clock: Clock,
    *,
    limit: int,
    memory: ChainMemory | None = None,
    tracing: Sequence[aiohttp.TraceConfig] = (),
) -> AsyncIterator[D365Client]:
    """Open the client of the environment that the settings name, for the block, with at most `limit` connections.

    `mapping` is the settings' own, read once by the caller; `memory` keeps how many terms its filters take.
    """
    sign_in = settings.sign_in
    if isinstance(sign_in, Certificate):
        show_certificate("D365_CLIENT_CERTIFICATE", sign_in.file, sign_in.password)
    async with open_session(limit=limit, tracing=tracing) as session:
        source = token_source(session, sign_in, settings.scope, clock)
        async with open_tokens(source, clock) as tokens:
            yield D365Client(session, tokens, mapping, environment=settings.d365_url, clock=clock, memory=memory)
