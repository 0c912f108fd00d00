"""Step `network`: DNS, connections, TLS and proxies of D365 and of the token endpoint, tested without any secret."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import aiohttp
from yarl import URL

from case_shared.d365.check.report import Finding, ok, unreachable
from case_shared.d365.check.target import Target
from case_shared.d365.session import open_session
from case_shared.process.proxies import proxy_for, without_user

D365_URL = "D365_URL"
D365_TOKEN_URL = "D365_TOKEN_URL"  # noqa: S105 - the name of a setting
_SECONDS = 15.0


async def network(target: Target) -> list[Finding]:
    """Reach both hosts; later steps need what this one learns."""
    learned, settings = target.learned, target.settings
    addresses = addresses_of(settings.d365_url, settings.token_url)
    problems = await _reach(addresses, target.timeout)
    learned.sees_d365, learned.sees_token_endpoint = D365_URL not in problems, D365_TOKEN_URL not in problems
    return _judged(addresses, problems)


async def network_of(addresses: Mapping[str, URL]) -> list[Finding]:
    """Reach `addresses`, by their settings, where other settings allow no more than that."""
    return _judged(addresses, await _reach(addresses, _SECONDS))


def addresses_of(d365_url: str | None, token_url: str | None) -> dict[str, URL]:
    """Return what is asked for, by the setting that names it."""
    given = {D365_URL: f"{d365_url}/data" if d365_url else None, D365_TOKEN_URL: token_url}
    return {setting: URL(url, encoded=True) for setting, url in given.items() if url}


async def _reach(addresses: Mapping[str, URL], timeout: float) -> dict[str, Finding]:  # noqa: ASYNC109
    """Return what is in the way, by setting."""
    async with open_session(limit=2) as session:
        reach = Reach(session, aiohttp.ClientTimeout(total=min(_SECONDS, timeout)))
        # Some token endpoints answer a request without a form with 500; any answer will do there.
        found = {name: await reach(url, name, down_matters=name == D365_URL) for name, url in addresses.items()}
    return {name: one for name, one in found.items() if one}


def _judged(addresses: Mapping[str, URL], problems: Mapping[str, Finding]) -> list[Finding]:
    if not problems:
        return [ok("reached", hosts=", ".join(dict.fromkeys(map(_host, addresses.values()))))]
    # Two addresses of one host are one problem, to be corrected in both settings.
    alike: dict[tuple[str, str], list[str]] = {}
    for name, one in problems.items():
        alike.setdefault((one.code, one.values["host"]), []).append(name)
    return [
        replace(problems[names[0]], values={**problems[names[0]].values, "setting": " and ".join(names)})
        for names in alike.values()
    ]


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
    return without_user(str(error)) or type(error).__name__
