"""The OAuth 2 side of the provider, on Authlib."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator

from casebridge.oidc.clients import Client, Code, known_clients
from casebridge.oidc.grants import Challenge, CodeGrant, IdToken, RefreshGrant
from casebridge.oidc.keys import REFRESH_TYPE, TokenSigner
from casebridge.oidc.settings import OidcProviderSettings
from casebridge.oidc.users import User

REFRESH_SECONDS = 30 * 86_400


class Request(OAuth2Request):  # type: ignore[misc]
    """An HTTP request in Authlib's form."""

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
    """The authorization server with its grants; codes stay in memory."""

    def __init__(self, settings: OidcProviderSettings, signer: TokenSigner) -> None:
        super().__init__(scopes_supported=None)
        self.settings = settings
        self.signer = signer
        self.codes: dict[str, Code] = {}
        self.revoked: set[str] = set()
        self._clients = {client.client_id: client for client in known_clients(settings)}
        tokens = BearerTokenGenerator(self._access_token, self._refresh_token, settings.oidc_token_minutes * 60)
        self.register_token_generator("default", tokens)
        self.register_grant(CodeGrant, [Challenge(required=True), IdToken(signer)])
        self.register_grant(RefreshGrant)
        self.register_grant(ClientCredentialsGrant)

    def query_client(self, client_id: str) -> Client | None:
        return self._clients.get(client_id)

    def save_token(self, token: Mapping[str, Any], request: OAuth2Request) -> None:
        """Nothing to save: the tokens are signed."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nothing to do: nobody listens."""

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def authorize(self, request: Request, user: User | None) -> web.Response:
        """Send the browser back with a code, or with an error if `user` is None."""
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

    def revoke(self, refresh_token: str) -> None:
        """Let a refresh token work no more."""
        claims = self.signer.read(refresh_token, REFRESH_TYPE)
        if claims:
            self.revoked.add(claims["jti"])

    def refuse(self, request: Request, error: OAuth2Error) -> web.Response:
        """Answer with an error, by redirect if the client's address is valid."""
        response: web.Response = self.handle_error_response(request, error)
        return response

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> web.Response:
        if isinstance(body, dict):
            kept = {name: value for name, value in headers if name.lower() != "content-type"}
            return web.json_response(body, status=status, headers=kept)
        return web.Response(text=body, status=status, headers=dict(headers))

    def _access_token(self, client: Client, grant_type: str, user: User | None, scope: str) -> str:
        del grant_type  # Authlib passes it by name
        lifetime = self.settings.oidc_token_minutes * 60
        someone = user or User(client.client_id, "a program", (), client.scopes)
        return self.signer.access_token(someone, client_id=client.client_id, scope=scope, lifetime_seconds=lifetime)

    def _refresh_token(self, client: Client, grant_type: str, user: User, scope: str) -> str:
        del grant_type
        return self.signer.refresh_token(
            user, client_id=client.client_id, scope=scope, lifetime_seconds=REFRESH_SECONDS
        )
