"""The clients, and what is stored between two of their requests; the method names are Authlib's."""

import secrets
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin
from pydantic import SecretStr

from casebridge.oidc.settings import OidcProviderSettings
from casebridge.oidc.users import ALL_SCOPES, OPERATOR_SCOPES, User

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
TOOLS = "tools"


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc]
    """A program that requests tokens; one without a secret is public and uses PKCE."""

    client_id: str
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...]
    secret: SecretStr | None = None
    redirect_uris: tuple[str, ...] = ()

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: the client must send one."""

    def get_allowed_scope(self, scope: str | None) -> str:
        wanted = (scope or "").split() or list(self.scopes)
        return " ".join(word for word in wanted if word in self.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        parts = urlsplit(redirect_uri)
        return redirect_uri in self.redirect_uris or (parts.scheme == "http" and parts.hostname in LOOPBACK)

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and secrets.compare_digest(self.secret.get_secret_value(), client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and (method == "none") == (self.secret is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


@dataclass(frozen=True)
class Code:
    """An authorization code: valid for one exchange, for a short time."""

    value: str
    client_id: str
    redirect_uri: str
    scope: str
    user: User
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    issued_at: float = field(default_factory=time.time)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.issued_at)

    def get_acr(self) -> None:
        """None: nobody proved anything."""

    def get_amr(self) -> None:
        """None: nobody proved anything."""


@dataclass(frozen=True)
class RefreshToken:
    """The content of one of our refresh tokens."""

    client_id: str
    scope: str
    user: User

    def check_client(self, client: Client) -> bool:
        return client.client_id == self.client_id

    def get_scope(self) -> str:
        return self.scope


def known_clients(settings: OidcProviderSettings) -> list[Client]:
    """The clients of these settings."""
    redirects = tuple(split(settings.oidc_redirect_uris))
    grants = ("authorization_code", "refresh_token")
    clients = [Client(name, grants, ALL_SCOPES, None, redirects) for name in split(settings.oidc_public_clients)]
    if settings.oidc_tools_secret:
        clients.append(Client(TOOLS, ("client_credentials",), OPERATOR_SCOPES, settings.oidc_tools_secret))
    return clients


def split(text: str) -> list[str]:
    """The entries of a comma-separated setting."""
    return [entry.strip() for entry in text.split(",") if entry.strip()]
