"""How we sign in to D365: one type per way, with all that it needs."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

# Entra's v2 token endpoint, in any cloud: https://HOST/TENANT/oauth2/v2.0/token
_ENTRA_TOKEN_URL = re.compile(r"(?P<authority>https://[^/?#]+)/(?P<tenant>[A-Za-z0-9.-]+)/oauth2/v2\.0/token/?")


class Cloud(StrEnum):
    """Which of Microsoft's clouds the tenant is in (Learn, "National clouds")."""

    PUBLIC = "public"
    USGOV = "usgov"
    CHINA = "china"

    @property
    def authority(self) -> str:
        """Where the tenants of this cloud sign in."""
        return _AUTHORITIES[self]


_AUTHORITIES = {
    Cloud.PUBLIC: "https://login.microsoftonline.com",
    Cloud.USGOV: "https://login.microsoftonline.us",
    Cloud.CHINA: "https://login.chinacloudapi.cn",
}


@dataclass(frozen=True)
class Tenant:
    """An Entra tenant; `authority` is the root address where it signs in."""

    authority: str
    name: str

    @property
    def token_url(self) -> str:
        """The tenant's token endpoint."""
        return f"{self.authority}/{self.name}/oauth2/v2.0/token"

    @classmethod
    def of(cls, token_url: str) -> "Tenant | None":
        """Return the tenant whose token endpoint this is, or None if it is not Entra's."""
        found = _ENTRA_TOKEN_URL.fullmatch(token_url)
        return cls(found["authority"], found["tenant"]) if found else None


@dataclass(frozen=True)
class Secret:
    """Entra, with a client secret."""

    tenant: Tenant
    client_id: str
    secret: SecretStr


@dataclass(frozen=True)
class Certificate:
    """Entra, with a certificate and its private key: a file, PEM or PKCS #12."""

    tenant: Tenant
    client_id: str
    file: Path
    password: SecretStr | None = None


@dataclass(frozen=True)
class WorkloadIdentity:
    """Entra, with a token of an issuer that the application trusts (a Kubernetes cluster): a file that is renewed."""

    tenant: Tenant
    client_id: str
    file: Path


@dataclass(frozen=True)
class ManagedIdentity:
    """The identity of the Azure resource that we run on; `client_id` if it is a user-assigned one."""

    client_id: str | None


@dataclass(frozen=True)
class ClientCredentials:
    """Plain OAuth 2 client credentials (RFC 6749, section 4.4): AD FS, the sandbox, anything else."""

    token_url: str
    client_id: str
    secret: SecretStr


SignIn = Secret | Certificate | WorkloadIdentity | ManagedIdentity | ClientCredentials


def is_same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port."""
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme)
