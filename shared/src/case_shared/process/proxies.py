"""The proxy that the environment names for an address: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, in either case.

aiohttp's own `trust_env` would also take passwords from ~/.netrc, and send requests to this machine to the proxy.
"""

import re
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from case_shared.process.safe_settings import is_local

_USER = re.compile(r"(?<=://)[^/\s'\"]*@")


def without_user(text: str) -> str:
    """Return `text` without user and password of any address in it: aiohttp's errors name the proxy with them."""
    return _USER.sub("", text)


def proxy_for(url: str) -> str | None:
    """Return the proxy's address, with user and password if it has them; None: connect directly."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or is_local(host) or proxy_bypass(host):
        return None
    return address if "://" in address else f"http://{address}"
