"""Entra's refusals: OAuth error, AADSTS code and text."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from d365_sandbox.odata_errors import Answer


@dataclass(frozen=True, slots=True)
class EntraError:
    """A refusal: HTTP status, OAuth error, AADSTS code and the text after it."""

    status: int
    error: str
    code: int
    text: str

    def answer(self) -> Answer:
        """Entra's error JSON; the description starts with the AADSTS code."""
        trace = secrets.token_hex(16)
        moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        body = {
            "error": self.error,
            "error_description": f"AADSTS{self.code}: {self.text} Trace ID: {trace} Timestamp: {moment}",
            "error_codes": [self.code],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": trace,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.code}",
        }
        return Answer(self.status, body)


WRONG_GRANT = EntraError(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
NO_CREDENTIAL = EntraError(
    401,
    "invalid_client",
    7000218,
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
)
WRONG_SECRET = EntraError(
    401,
    "invalid_client",
    7000215,
    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the "
    "client secret ID.",
)
SECRET_EXPIRED = EntraError(401, "invalid_client", 7000222, "The provided client secret keys for app are expired.")
UNKNOWN_APPLICATION = EntraError(
    400, "unauthorized_client", 700016, "Application was not found in the directory 'Contoso'."
)
UNKNOWN_TENANT = EntraError(
    400, "invalid_request", 90002, "Tenant not found. Check to make sure you have the correct tenant ID."
)
UNKNOWN_RESOURCE = EntraError(
    400, "invalid_resource", 500011, "The resource principal was not found in the tenant named Contoso."
)
NO_RESOURCE = EntraError(
    400, "invalid_request", 900144, "The request body must contain the following parameter: 'resource'."
)
MALFORMED_ASSERTION = EntraError(401, "invalid_client", 50027, "JWT token is invalid or malformed.")
WRONG_SIGNATURE = EntraError(
    401,
    "invalid_client",
    700027,
    "The certificate with identifier used to sign the client assertion is not registered on application.",
)
WRONG_SUBJECT = EntraError(
    401, "invalid_client", 700021, "Client assertion application identifier doesn't match 'client_id' parameter."
)
WRONG_ASSERTION_AUDIENCE = EntraError(
    401, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer."
)
ASSERTION_EXPIRED = EntraError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
NOT_FEDERATED = EntraError(
    401, "invalid_client", 700213, "No matching federated identity record found for presented assertion subject."
)
TRANSIENT = EntraError(503, "temporarily_unavailable", 90033, "A transient error has occurred.")

BY_CODE = {
    refusal.code: refusal
    for refusal in (
        WRONG_SECRET, SECRET_EXPIRED, UNKNOWN_APPLICATION, UNKNOWN_TENANT, UNKNOWN_RESOURCE, NO_CREDENTIAL,
        WRONG_SIGNATURE, ASSERTION_EXPIRED, WRONG_ASSERTION_AUDIENCE, NOT_FEDERATED, TRANSIENT,
    )
}  # fmt: skip


def wrong_scope(scope: str) -> EntraError:
    """A scope that is not one resource's `/.default`."""
    text = f"The provided value for the input parameter 'scope' is not valid: '{scope[:200]}'."
    return EntraError(400, "invalid_scope", 1002012, text)
