"""The HTTP session that the client needs: no redirects followed (per call), no cookies, few idle connections."""

from importlib.metadata import version

import aiohttp

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
