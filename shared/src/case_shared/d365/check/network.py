"""Step `network`: DNS, connections, TLS and proxies of D365 and of the token endpoint, tested without any secret."""

from dataclasses import dataclass

import aiohttp
from yarl import URL

from case_shared.d365.check.report import Finding, ok, unreachable
from case_shared.d365.check.target import Target
from case_shared.d365.session import open_session
from case_shared.process.proxies import proxy_for

_SECONDS = 15.0


async def network(target: Target) -> list[Finding]:
    """Reach both hosts; later steps need what this one learns."""
    learned, settings = target.learned, target.settings
    limits = aiohttp.ClientTimeout(total=min(_SECONDS, target.timeout))
    async with open_session(limit=2) as session:
        reach = Reach(session, limits)
        d365 = await reach(target.address("data"), "D365_URL", down_matters=True)
        # Some token endpoints answer a request without a form with 500; any answer will do here.
        token_url = settings.token_url
        token = await reach(URL(token_url), "D365_TOKEN_URL", down_matters=False) if token_url else None
    learned.sees_d365, learned.sees_token_endpoint = d365 is None, token is None
    problems = [one for one in (d365, token) if one]
    hosts = dict.fromkeys(_host(URL(url)) for url in (settings.d365_url, token_url) if url)
    return _unlike(problems) or [ok("reached", hosts=", ".join(hosts))]


def _unlike(problems: list[Finding]) -> list[Finding]:
    """Report two addresses of one host as one problem."""
    return list({(one.code, one.values.get("host")): one for one in reversed(problems)}.values())


@dataclass(frozen=True, slots=True)
class Reach:
    """Asks one address without any secret; `limits` bound each request."""

    session: aiohttp.ClientSession
    limits: aiohttp.ClientTimeout

    async def __call__(self, url: URL, setting: str, *, down_matters: bool) -> Finding | None:
        """Return what is in the way, or None; `down_matters`: a server error counts."""
        values = {"host": _host(url), "setting": setting}
        proxy = proxy_for(str(url))
        try:
            async with self.session.get(url, allow_redirects=False, proxy=proxy, timeout=self.limits) as answer:
                down = down_matters and answer.status >= 500
                return unreachable("server_down", **values, status=answer.status) if down else None
        except aiohttp.ClientConnectorCertificateError as error:
            return unreachable(_certificate(error.certificate_error), **values, why=_why(error.certificate_error))
        except (aiohttp.ClientHttpProxyError, aiohttp.ClientProxyConnectionError) as error:
            return unreachable("proxy_refuses", **values, why=_why(error))
        except aiohttp.ClientConnectorDNSError as error:
            return unreachable("unknown_host", **values, why=_why(error.os_error))
        except aiohttp.ClientConnectorSSLError as error:
            return unreachable("no_tls", **values, why=_why(error.os_error))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            return unreachable("no_connection", **values, why=_why(error))
        except TimeoutError:
            return unreachable("no_answer", **values, why=f"no answer within {self.limits.total:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return unreachable("no_answer", **values, why=_why(error))


def _certificate(error: Exception) -> str:
    match getattr(error, "verify_code", None):
        case 10:
            return "expired_certificate"
        case 62:
            return "certificate_of_another"
        case _:
            return "untrusted_certificate"


def _host(url: URL) -> str:
    return f"{url.host}:{url.port}" if not url.is_default_port() else str(url.host)


def _why(error: BaseException) -> str:
    return str(error) or type(error).__name__
