"""What a token endpoint's refusal means, and what to do about it.

D365Unauthorized              somebody must change something (see `errors`)
└── D365SignInRefused         `remedy` says what
    ├── D365SecretWrong, D365SecretExpired
    ├── D365ApplicationUnknown, D365TenantUnknown, D365EnvironmentUnknown
    ├── D365CertificateRefused, D365FederationRefused, D365IdentityMissing
    └── D365ClockOff          an assertion outside its time
Anything else (5xx, 429, not an OAuth answer) is D365Unavailable: try again later.

The codes: Learn, "Microsoft Entra authentication and authorization error codes".
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from case_shared.d365.clocks import clock_problem
from case_shared.d365.errors import D365Error, D365Unauthorized, D365Unavailable
from case_shared.d365.odata import retry_after_seconds
from case_shared.d365.texts import parse_json
from case_shared.process.clock import Clock

# RFC 6749, section 5.2, and Entra's invalid_resource: the request itself is wrong, and asking again does not help.
_PERMANENT_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "access_denied",
        "invalid_resource",
        "invalid_target",
    }
)
_CODE = re.compile(r"AADSTS(\d+)")
_MOST_CHARACTERS = 300


class D365SignInRefused(D365Unauthorized):
    """The token endpoint refuses us; asking again does not help until somebody follows `remedy`.

    `code` is Entra's AADSTS number, None if it gave none.
    """

    remedy: ClassVar[str] = (
        "check D365_CLIENT_ID, its secret, certificate or token, D365_TENANT_ID (or D365_TOKEN_URL), and D365_URL"
    )

    def __init__(self, why: str, *, status: int | None = None, code: int | None = None) -> None:
        super().__init__(why, status=status)
        self.code = code


class D365SecretWrong(D365SignInRefused):
    """AADSTS7000215, or 7000216: no secret at all."""

    remedy = "check D365_CLIENT_SECRET: it must be the value (not the ID) of one of this application's secrets"


class D365SecretExpired(D365SignInRefused):
    """AADSTS7000222."""

    remedy = "the secret has expired: create a new one in Entra (Certificates & secrets), and set D365_CLIENT_SECRET"


class D365ApplicationUnknown(D365SignInRefused):
    """AADSTS700016, 7000229, 7000112 (disabled)."""

    remedy = "the tenant has no such application, or it is disabled: check D365_CLIENT_ID and D365_TENANT_ID"


class D365TenantUnknown(D365SignInRefused):
    """AADSTS90002, 900021, 900023."""

    remedy = "the tenant does not exist: check D365_TENANT_ID (or D365_TOKEN_URL) and D365_CLOUD"


class D365EnvironmentUnknown(D365SignInRefused):
    """AADSTS500011, 650057: the resource that the scope names."""

    remedy = "the tenant has no D365 environment with the address in D365_URL: check it, or set D365_SCOPE"


class D365CertificateRefused(D365SignInRefused):
    """AADSTS700027, 1000502: not registered on the application, or expired."""

    remedy = (
        "check that the certificate in D365_CLIENT_CERTIFICATE belongs to the application in Entra and has not expired"
    )


class D365FederationRefused(D365SignInRefused):
    """AADSTS70021, 700211 to 700213: no federated credential for this token's issuer, audience or subject."""

    remedy = (
        "compare issuer, subject and audience of the application's federated credential with the token in "
        "D365_FEDERATED_TOKEN_FILE"
    )


class D365ClockOff(D365SignInRefused):
    """AADSTS700024: the assertion is not valid at this time."""

    remedy = "correct this machine's clock (NTP); for a federated token, check what renews its file"


class D365IdentityMissing(D365SignInRefused):
    """Azure has no managed identity for us."""

    remedy = "assign a managed identity to this resource; for a user-assigned one, set D365_CLIENT_ID to its client ID"


_BY_CODE: Mapping[int, type[D365SignInRefused]] = {
    7000215: D365SecretWrong,
    7000216: D365SecretWrong,
    7000222: D365SecretExpired,
    700016: D365ApplicationUnknown,
    7000229: D365ApplicationUnknown,
    7000112: D365ApplicationUnknown,
    90002: D365TenantUnknown,
    900021: D365TenantUnknown,
    900023: D365TenantUnknown,
    500011: D365EnvironmentUnknown,
    650057: D365EnvironmentUnknown,
    700027: D365CertificateRefused,
    1000502: D365CertificateRefused,
    70021: D365FederationRefused,
    700211: D365FederationRefused,
    700212: D365FederationRefused,
    700213: D365FederationRefused,
    700024: D365ClockOff,
}


def refusal(status: int, headers: Mapping[str, str], body: bytes, clock: Clock) -> D365Error:
    """Return what an answer without a token means; `body` is the answer's, whole."""
    document = json_object(body)
    code, error = _code(document), document.get("error")
    said = " ".join(filter(None, [f"token endpoint: {status}", _words(document) or "without an OAuth answer"]))
    if status in {400, 401, 403} and (error in _PERMANENT_ERRORS or code in _BY_CODE):
        refused = _BY_CODE.get(code or 0, D365SignInRefused)
        off = clock_problem(headers, clock)
        return refused("; ".join(filter(None, [said, refused.remedy, off])), status=status, code=code)
    pause = retry_after_seconds(headers)
    return D365Unavailable(said if pause is None else f"{said}; wait {pause:g} s", status=status)


def _words(document: Mapping[str, Any]) -> str | None:
    """Return the endpoint's own words: error, codes, and the description's first line (the rest are trace IDs)."""
    error, description = document.get("error"), document.get("error_description")
    if not isinstance(error, str):
        return None
    codes = document.get("error_codes")
    lines = description.splitlines() if isinstance(description, str) else []
    parts = [error, str(codes) if codes else None, lines[0] if lines else None]
    trace = document.get("trace_id")
    if isinstance(trace, str):
        parts.append(f"(trace id {trace})")
    return " ".join(filter(None, parts))[:_MOST_CHARACTERS]


def _code(document: Mapping[str, Any]) -> int | None:
    codes = document.get("error_codes")
    if isinstance(codes, list):
        known = [code for code in codes if isinstance(code, int)]
        if known:
            return next((code for code in known if code in _BY_CODE), known[0])
    found = _CODE.search(str(document.get("error_description") or ""))
    return int(found[1]) if found else None


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`, or an empty one if it has none."""
    try:
        document = parse_json(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
