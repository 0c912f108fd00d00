"""The proxy that the environment names for an address: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, in either case.

aiohttp's own `trust_env` would also take passwords from ~/.netrc, and would send what is for this machine to the proxy.
"""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from case_shared.process.safe_settings import is_local


def proxy_for(url: str) -> str | None:
    """The proxy's address, with its user and password where it has them; None: directly."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies()
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or is_local(host) or proxy_bypass(host):
        return None
    return address if "://" in address else f"http://{address}"
