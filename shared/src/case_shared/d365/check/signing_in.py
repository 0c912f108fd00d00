"""Steps `token` and `service`: does Entra know us, and does D365 let us in?"""

from collections.abc import Mapping

from yarl import URL

from case_shared.d365.check.report import Finding, failed, ok, unreachable
from case_shared.d365.check.target import Target
from case_shared.d365.errors import (
    D365ConfigurationError,
    D365Error,
    D365Forbidden,
    D365Misconfigured,
    D365NotOData,
    D365Unauthorized,
    D365Unavailable,
)
from case_shared.d365.settings import D365Settings
from case_shared.d365.sign_in_errors import (
    D365ApplicationUnknown,
    D365CertificateRefused,
    D365ClockOff,
    D365EnvironmentUnknown,
    D365FederationRefused,
    D365SecretExpired,
    D365SecretWrong,
    D365SignInRefused,
    D365TenantUnknown,
)

_FINDINGS: Mapping[type[D365SignInRefused], str] = {
    D365SecretWrong: "wrong_secret",
    D365SecretExpired: "expired_secret",
    D365ApplicationUnknown: "unknown_application",
    D365TenantUnknown: "unknown_tenant",
    D365EnvironmentUnknown: "unknown_environment",
    D365ClockOff: "assertion_out_of_time",
    D365CertificateRefused: "unknown_certificate",
    D365FederationRefused: "unknown_certificate",
}


async def token(target: Target) -> list[Finding]:
    """Get a token from the endpoint."""
    try:
        await target.client.sign_in(timeout=target.timeout)
    except D365Error as error:
        return [_refused(error)]
    return [ok("signed_in")]


def _refused(error: D365Error) -> Finding:
    if isinstance(error, D365SignInRefused) and error.code and (finding := _FINDINGS.get(type(error))):
        return failed(finding, aadsts=str(error.code))
    if isinstance(error, D365ConfigurationError):
        return failed("token_refused", why=error.why)
    down = error.status is None or error.status >= 500
    return (unreachable if down else failed)("token_unavailable", why=error.why)


async def service(target: Target) -> list[Finding]:
    """Ask for `GET /data`: does D365 let us in, and is it D365?"""
    url = target.address("data")
    try:
        answer = await target.sets.call("read service document", "GET", url, timeout=target.timeout)
    except D365Unauthorized:
        return [_unauthorized(target.settings)]
    except D365Forbidden as error:
        return [failed("service_forbidden", why=error.why)]
    except D365NotOData as error:
        is_sign_in = error.status is not None and 300 <= error.status < 400
        return [failed("sign_in_page") if is_sign_in else failed("no_odata", url=url, why=error.why)]
    except D365Misconfigured as error:
        return [failed("no_service", url=url) if error.status == 404 else failed("no_odata", url=url, why=error.why)]
    except D365Unavailable as error:
        return [unreachable("server_down" if error.status else "no_answer", **_of(target, error))]
    if answer.is_html:
        return [failed("web_page")]
    sets = (answer.document or {}).get("value")
    if not isinstance(sets, list):
        return [failed("no_odata", url=url, why="the answer is not a service document")]
    names = [one["name"] for one in sets if isinstance(one, dict) and isinstance(one.get("name"), str)]
    target.learned.sets = frozenset(names)
    return [ok("service_answers", sets=len(names))]


def _unauthorized(settings: D365Settings) -> Finding:
    url, client_id = URL(settings.d365_url), settings.d365_client_id
    if url.path in {"", "/"}:
        return failed("not_registered", client_id=client_id)
    return failed("not_the_root", client_id=client_id, path=url.path, root=url.origin())


def _of(target: Target, error: D365Error) -> dict[str, object]:
    return {"host": target.address("").host, "setting": "D365_URL", "status": error.status, "why": error.why}
