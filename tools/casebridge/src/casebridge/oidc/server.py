"""The OAuth 2 side, on Authlib: clients, grants, tokens."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode

from casebridge.oidc.keys import ALGORITHM, REFRESH_TYPE, TokenSigner
from casebridge.oidc.settings import OidcProviderSettings
from casebridge.oidc.users import ALL_SCOPES, OPERATOR_SCOPES, USERS, User

CODE_SECONDS = 60
REFRESH_SECONDS = 30 * 86_400
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
TOOLS = "tools"


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc]
    """A program that asks for tokens; one without a secret is public and uses PKCE."""

    client_id: str
    grant_types: tuple[str, ...]
    scopes: tuple[str, ...]
    secret: str | None = None
    redirect_uris: tuple[str, ...] = ()

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: it must be given."""

    def get_allowed_scope(self, scope: str | None) -> str:
        wanted = (scope or "").split() or list(self.scopes)
        return " ".join(word for word in wanted if word in self.scopes)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        parts = urlsplit(redirect_uri)
        return redirect_uri in self.redirect_uris or (parts.scheme == "http" and parts.hostname in LOOPBACK)

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and secrets.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and (method == "none") == (self.secret is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types


@dataclass(frozen=True)
class Code:
    """An authorization code: good for one exchange, soon."""

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
    """What a refresh token of ours says."""

    client_id: str
    scope: str
    user: User

    def check_client(self, client: Client) -> bool:
        return client.client_id == self.client_id

    def get_scope(self) -> str:
        return self.scope


class Request(OAuth2Request):  # type: ignore[misc]
    """An HTTP request as Authlib wants it."""

    def __init__(self, request: web.BaseRequest, uri: str, form: Mapping[str, str]) -> None:
        super().__init__(request.method, uri, headers=dict(request.headers))
        self._query, self._fields = dict(request.query), dict(form)
        self.payload = BasicOAuth2Payload({**self._query, **self._fields})

    @property
    def args(self) -> dict[str, str]:
        return self._query

    @property
    def form(self) -> dict[str, str]:
        return self._fields


class Provider(AuthorizationServer):  # type: ignore[misc]
    """The authorization server: its grants are registered with it, codes live in memory."""

    def __init__(self, settings: OidcProviderSettings, signer: TokenSigner) -> None:
        super().__init__(scopes_supported=None)
        self.settings = settings
        self.signer = signer
        self.codes: dict[str, Code] = {}
        self._clients = {client.client_id: client for client in known_clients(settings)}
        tokens = BearerTokenGenerator(self._access_token, self._refresh_token, settings.token_minutes * 60)
        self.register_token_generator("default", tokens)
        self.register_grant(CodeGrant, [Challenge(required=True), IdToken(signer)])
        self.register_grant(RefreshGrant)
        self.register_grant(ClientCredentialsGrant)

    def query_client(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        """Nothing to save: the tokens are signed."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def authorize(self, request: Request, user: User | None) -> web.Response:
        """Send the browser back with a code, or with an error where `user` is None."""
        try:
            grant = self.get_consent_grant(request)
        except OAuth2Error as error:
            return self.refuse(request, error)
        response: web.Response = self.create_authorization_response(request, user, grant)
        return response

    def exchange(self, request: Request) -> web.Response:
        """Answer at the token endpoint."""
        response: web.Response = self.create_token_response(request)
        return response

    def refuse(self, request: Request, error: OAuth2Error) -> web.Response:
        """Answer with an error, by redirect where the client's address was found good."""
        response: web.Response = self.handle_error_response(request, error)
        return response

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> web.Response:
        if isinstance(body, dict):
            kept = {name: value for name, value in headers if name.lower() != "content-type"}
            return web.json_response(body, status=status, headers=kept)
        return web.Response(text=body, status=status, headers=dict(headers))

    def _access_token(self, client: Client, grant_type: str, user: User | None, scope: str) -> str:
        del grant_type  # Authlib passes it by name
        lifetime = self.settings.token_minutes * 60
        someone = user or User(client.client_id, "a program", (), client.scopes)
        return self.signer.access_token(someone, client_id=client.client_id, scope=scope, lifetime_seconds=lifetime)

    def _refresh_token(self, client: Client, grant_type: str, user: User, scope: str) -> str:
        del grant_type
        return self.signer.refresh_token(
            user, client_id=client.client_id, scope=scope, lifetime_seconds=REFRESH_SECONDS
        )


def known_clients(settings: OidcProviderSettings) -> list[Client]:
    """The clients of these settings."""
    redirects = tuple(split(settings.redirect_uris))
    grants = ("authorization_code", "refresh_token")
    clients = [Client(name, grants, ALL_SCOPES, None, redirects) for name in split(settings.public_clients)]
    if settings.tools_secret:
        secret = settings.tools_secret.get_secret_value()
        clients.append(Client(TOOLS, ("client_credentials",), OPERATOR_SCOPES, secret))
    return clients


def split(text: str) -> list[str]:
    """The entries of a comma-separated setting."""
    return [entry.strip() for entry in text.split(",") if entry.strip()]


class Challenge(CodeChallenge):  # type: ignore[misc]
    """PKCE, with SHA-256 only."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib's attribute


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """A code for a user who picked a name on the login page."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]  # noqa: RUF012 - Authlib's attribute
    server: Provider

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.server.codes[code] = Code(
            value=code,
            client_id=request.client.client_id,
            redirect_uri=request.payload.redirect_uri,
            scope=request.user.allowed(request.scope),
            user=request.user,
            nonce=data.get("nonce"),
            code_challenge=data.get("code_challenge"),
            code_challenge_method=data.get("code_challenge_method"),
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = self.server.codes.get(code)
        fresh = found is not None and time.time() - found.issued_at < CODE_SECONDS
        return found if found and fresh and found.client_id == client.client_id else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        self.server.codes.pop(authorization_code.value, None)

    def authenticate_user(self, authorization_code: Code) -> User:
        return authorization_code.user


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """A new access token for an old refresh token."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]  # noqa: RUF012 - Authlib's attribute
    INCLUDE_NEW_REFRESH_TOKEN = True
    server: Provider

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        claims = self.server.signer.read(refresh_token, REFRESH_TYPE)
        user = USERS.get(claims["sub"]) if claims else None
        return RefreshToken(claims["client_id"], claims["scope"], user) if claims and user else None

    def authenticate_user(self, refresh_token: RefreshToken) -> User:
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        """It ends by its own time."""


class IdToken(OpenIDCode):  # type: ignore[misc]
    """The ID token that comes with the access token where scope `openid` was asked for."""

    def __init__(self, signer: TokenSigner) -> None:
        super().__init__(require_nonce=False)
        self._signer = signer

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        """False: a nonce protects the client, which compares it."""
        del nonce, request
        return False

    def generate_user_info(self, user: User, scope: str) -> UserInfo:
        del scope
        return UserInfo(sub=user.username, preferred_username=user.username, dealers=list(user.dealers))

    def resolve_client_private_key(self, client: Client) -> dict[str, Any]:
        del client
        return self._signer.key.as_dict(private=True)

    def get_client_algorithm(self, client: Client) -> str:
        del client
        return ALGORITHM

    def get_encode_header(self, client: Client) -> dict[str, Any]:
        del client
        return {"alg": ALGORITHM, "kid": self._signer.key.kid}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self._signer.issuer, "aud": client.client_id}
