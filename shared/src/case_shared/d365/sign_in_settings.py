"""Settings for signing in to D365; a start reports what is missing or does not fit together."""

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, field_validator

from case_shared.d365.sign_in import (
    Certificate,
    ClientCredentials,
    Cloud,
    ManagedIdentity,
    Secret,
    SignIn,
    Tenant,
    WorkloadIdentity,
    is_same_origin,
)
from case_shared.process.safe_settings import SafeSettings, is_within

_ENTRA_HINT = (
    "for Entra, set D365_TENANT_ID, or D365_TOKEN_URL to https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"
)


class SignInSettings(SafeSettings):
    """One of four proofs (secret, certificate, federated token, managed identity), and who issues tokens for it."""

    d365_url: Annotated[str, AfterValidator(lambda url: url.rstrip("/"))] = Field(
        pattern="^https?://[^/]",
        description="The root address of the D365 environment, such as https://contoso.operations.dynamics.com.",
    )
    d365_tenant_id: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9.-]+$", description="The ID or a domain of the Entra tenant."
    )
    d365_cloud: Cloud = Field(default=Cloud.PUBLIC, description="The tenant's cloud.")
    d365_token_url: str | None = Field(
        default=None,
        pattern="^https?://[^/]",
        description="The address of the token endpoint, if it is not Entra's. It replaces D365_TENANT_ID.",
    )
    d365_client_id: str | None = Field(
        default=None, min_length=1, description="The application (client) ID, as registered in Entra and in D365."
    )
    d365_client_secret: SecretStr | None = Field(
        default=None,
        min_length=1,
        description="The application's secret. Set exactly one of this, D365_CLIENT_CERTIFICATE, "
        "D365_FEDERATED_TOKEN_FILE and D365_MANAGED_IDENTITY.",
    )
    d365_client_certificate: FilePath | None = Field(
        default=None, description="A file with the application's certificate and its private key (PEM or PKCS #12)."
    )
    d365_client_certificate_password: SecretStr | None = Field(
        default=None, description="The password of the file in D365_CLIENT_CERTIFICATE, if it has one."
    )
    d365_federated_token_file: FilePath | None = Field(
        default=None, description="The file with the federated token, for workload identity."
    )
    d365_managed_identity: bool = Field(
        default=False, description="Whether to sign in as the Azure resource that Casebridge runs on."
    )
    d365_scope: str | None = Field(
        default=None, min_length=1, description="The scope to request. Default: D365_URL/.default."
    )

    @field_validator("d365_url", "d365_token_url")
    @classmethod
    def _has_a_port(cls, url: str | None) -> str | None:
        try:
            urlsplit(url or "").port  # noqa: B018 - raises where the port is not a number
        except ValueError:
            raise ValueError("the port must be a number") from None
        return url

    def _problems(self) -> Iterator[str]:
        yield from super()._problems()
        ours = [*self._missing_proof(), *self._missing_endpoint()]
        yield from ours
        if not ours and isinstance(self.sign_in, Certificate):
            # Imported only when needed: azure-identity takes a second.
            from case_shared.d365.entra import certificate_problem

            if problem := certificate_problem(self.sign_in):
                yield problem

    @property
    def sign_in(self) -> SignIn:
        """The way to sign in that these settings choose."""
        client_id, secret, tenant = self.d365_client_id or "", self.d365_client_secret, self._tenant
        if self.d365_managed_identity or tenant is None:
            return self._without_tenant(client_id)
        if secret:
            return Secret(tenant, client_id, secret)
        if self.d365_client_certificate:
            return Certificate(tenant, client_id, self.d365_client_certificate, self.d365_client_certificate_password)
        assert self.d365_federated_token_file, "one of the proofs is there"
        return WorkloadIdentity(tenant, client_id, self.d365_federated_token_file)

    @property
    def token_url(self) -> str | None:
        """Where our secret goes for an access token; None: the endpoint of a managed identity, which Azure names."""
        if self.d365_managed_identity:
            return None
        if self.d365_token_url or not self._tenant:
            return self.d365_token_url or self._sandbox_token_url
        return self._tenant.token_url

    @property
    def scope(self) -> str:
        """The scope to ask for. D365 compares a token's audience with its address: lower case, no trailing slash."""
        return self.d365_scope or f"{self.d365_url.lower()}/.default"

    @property
    def _tenant(self) -> Tenant | None:
        if self.d365_tenant_id:
            return Tenant(self.d365_cloud.authority, self.d365_tenant_id)
        return Tenant.of(self.d365_token_url) if self.d365_token_url else None

    @property
    def _sandbox_token_url(self) -> str | None:
        # A trial reaches nothing but its own sandbox, which issues tokens itself.
        return f"{self.d365_url}/oauth2/v2.0/token" if self.casebridge_trial else None

    def _without_tenant(self, client_id: str) -> SignIn:
        if self.d365_managed_identity:
            return ManagedIdentity(client_id or None)
        url, secret = self.token_url, self.d365_client_secret
        assert url, "checked at the start"
        assert secret, "checked at the start"
        return ClientCredentials(url, client_id, secret)

    @property
    def _without_secret(self) -> bool:
        return bool(self.d365_client_certificate or self.d365_federated_token_file) and not self.d365_client_secret

    def _missing_proof(self) -> Iterator[str]:
        proofs = {
            "D365_CLIENT_SECRET": self.d365_client_secret,
            "D365_CLIENT_CERTIFICATE": self.d365_client_certificate,
            "D365_FEDERATED_TOKEN_FILE": self.d365_federated_token_file,
            "D365_MANAGED_IDENTITY": self.d365_managed_identity,
        }
        given = [name for name, value in proofs.items() if value]
        if not given:
            yield "D365_CLIENT_SECRET: not set. Set one of " + ", ".join(proofs)
        elif len(given) > 1:
            yield f"{given[0]}: {' and '.join(given)} are set. Set only one of them"
        if not self.d365_managed_identity and not self.d365_client_id:
            yield "D365_CLIENT_ID: not set. Set it to the application (client) ID, as registered in Entra and in D365"

    def _missing_endpoint(self) -> Iterator[str]:
        url = self.d365_token_url or self._sandbox_token_url
        if self.casebridge_trial and (self.d365_tenant_id or self.d365_managed_identity):
            yield (
                "CASEBRIDGE_TRIAL: a trial uses its own sandbox, which needs neither Entra nor Azure. Remove "
                "D365_TENANT_ID and D365_MANAGED_IDENTITY"
            )
        elif self.d365_managed_identity:
            if self.d365_token_url or self.d365_tenant_id:
                yield (
                    "D365_MANAGED_IDENTITY: a managed identity needs neither D365_TENANT_ID nor D365_TOKEN_URL. Remove "
                    "them"
                )
        elif self.d365_token_url and self.d365_tenant_id:
            yield "D365_TOKEN_URL: D365_TENANT_ID is set too. Set only one of them"
        elif not url and not self.d365_tenant_id:
            yield f"D365_TOKEN_URL: not set, so the secret would go to D365 itself; {_ENTRA_HINT}"
        elif url and self._without_secret and Tenant.of(url) is None:
            yield f"D365_TOKEN_URL: only Entra accepts a certificate or a federated token; {_ENTRA_HINT}"
        elif url and is_same_origin(url, self.d365_url) and not is_within(url):
            yield f"D365_TOKEN_URL: this is D365_URL's own host, and the secret must not go there; {_ENTRA_HINT}"
