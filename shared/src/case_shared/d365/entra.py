"""Microsoft Entra's tokens, by azure-identity: client secret, certificate, workload identity, managed identity.

Each renewal takes a new credential: azure-identity's cache would return the token that D365 has just refused, and a
new one reads a certificate or a secret that was exchanged on disk.
"""

import logging
import time
from typing import Any, assert_never

import aiohttp
from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import AzureError
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.transport import AioHttpTransport
from azure.identity.aio import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from case_shared.d365.auth import Grant
from case_shared.d365.errors import D365Error, D365Unavailable
from case_shared.d365.sign_in import Certificate, ManagedIdentity, Secret, WorkloadIdentity
from case_shared.d365.sign_in_errors import D365CertificateRefused, D365FederationRefused, D365IdentityMissing, refusal
from case_shared.process.clock import Clock
from case_shared.process.proxies import proxy_for, without_user

# azure-identity logs each failure itself, in addition to our log line.
logging.getLogger("azure").setLevel(logging.ERROR)
EntraSignIn = Secret | Certificate | WorkloadIdentity | ManagedIdentity
_Credential = ClientSecretCredential | CertificateCredential | WorkloadIdentityCredential | ManagedIdentityCredential


class EntraSource:
    """Tokens of one tenant, or of the Azure resource that we run on."""

    def __init__(self, session: aiohttp.ClientSession, sign_in: EntraSignIn, scope: str, clock: Clock) -> None:
        """Use `session`, from `open_session`, without closing it."""
        self._session = session
        self._sign_in = sign_in
        self._scope = scope
        self._clock = clock

    async def fetch(self) -> Grant:
        """Fetch a new token. Raises: D365Unavailable, D365Unauthorized."""
        answers: list[PipelineResponse[Any, Any]] = []
        try:
            async with self._credential(answers) as credential:
                token: AccessTokenInfo = await credential.get_token_info(self._scope)
        except (AzureError, ValueError, TypeError, KeyError, OSError) as error:
            raise self._sorted(error, answers) from error
        headers = answers[-1].http_response.headers if answers else {}
        # azure-identity counts by the wall clock (time.time), so this must, too.
        return Grant(token.token, token.expires_on - time.time(), headers)

    def _credential(self, answers: list[PipelineResponse[Any, Any]]) -> _Credential:
        sign_in = self._sign_in
        pipeline: dict[str, Any] = {
            "transport": AioHttpTransport(session=self._session, session_owner=False, use_env_settings=False),
            "raw_response_hook": answers.append,
            # The circuit breaker and the dispatcher decide when to try again.
            "retry_total": 0,
        }
        if isinstance(sign_in, ManagedIdentity):
            return ManagedIdentityCredential(client_id=sign_in.client_id, **pipeline)
        proxy = proxy_for(sign_in.tenant.authority)
        entra = {"authority": sign_in.tenant.authority, "proxies": {"https": proxy} if proxy else {}, **pipeline}
        match sign_in:
            case Secret():
                secret = sign_in.secret.get_secret_value()
                return ClientSecretCredential(sign_in.tenant.name, sign_in.client_id, secret, **entra)
            case Certificate():
                return _certificate_credential(sign_in, **entra)
            case WorkloadIdentity():
                return WorkloadIdentityCredential(
                    tenant_id=sign_in.tenant.name,
                    client_id=sign_in.client_id,
                    token_file_path=str(sign_in.file),
                    **entra,
                )
            case _:
                assert_never(sign_in)

    def _sorted(self, error: Exception, answers: list[PipelineResponse[Any, Any]]) -> D365Error:
        if answers:
            response = answers[-1].http_response
            status = response.status_code
            if isinstance(self._sign_in, ManagedIdentity) and status in {400, 401, 403}:
                return D365IdentityMissing(f"managed identity: {status}; {D365IdentityMissing.remedy}", status=status)
            return refusal(status, response.headers, response.body(), self._clock)
        return self._without_answer(error)

    def _without_answer(self, error: Exception) -> D365Error:
        match error, self._sign_in:
            case (OSError() | ValueError(), Certificate(file=file)):
                return D365CertificateRefused(f"D365_CLIENT_CERTIFICATE: cannot use {file}: {error}")
            case (OSError(), WorkloadIdentity(file=file)):
                return D365FederationRefused(f"D365_FEDERATED_TOKEN_FILE: cannot read {file}: {error}")
            case _:
                return D365Unavailable(f"token endpoint: {type(error).__name__}: {without_user(str(error))}"[:500])


def certificate_problem(sign_in: Certificate) -> str | None:
    """Return why the file cannot be used, naming the setting; None if it has a certificate and its key opens."""
    try:
        _certificate_credential(sign_in)
    except (OSError, ValueError, TypeError) as error:
        return (
            f"D365_CLIENT_CERTIFICATE: {sign_in.file} must contain a certificate with its RSA private key, which "
            f"D365_CLIENT_CERTIFICATE_PASSWORD opens: {error}"
        )
    return None


def _certificate_credential(sign_in: Certificate, **entra: Any) -> CertificateCredential:
    password = sign_in.password.get_secret_value() if sign_in.password else None
    return CertificateCredential(sign_in.tenant.name, sign_in.client_id, str(sign_in.file), password=password, **entra)
