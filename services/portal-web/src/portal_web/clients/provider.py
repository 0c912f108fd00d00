"""The OIDC provider, by its discovery document: authorization code with PKCE, renewal, end of session."""

import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2
import jwt
import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from case_shared.process.clock import Clock
from case_shared.process.safe_settings import is_private
from case_shared.web import auth
from case_shared.web.auth import TokenVerifier
from case_shared.web.rights import claims_in, username_of
from case_shared.words.errors import Transient
from case_shared.words.lifetimes import lifetime
from portal_web.app.ports import SignedIn, SignedOut
from portal_web.domain.errors import ProviderError, SignInFailed, TokenTooLong
from portal_web.domain.session import SignIn, Tokens
from portal_web.settings import Settings

log = structlog.get_logger(__name__)
CALLBACK = "/sign-in/done"
SIGNED_OUT = "/signed-out"
_DISCOVERY_SECONDS = 1800.0
_DEFAULT_LIFE_SECONDS = 300.0
# With these, a refresh token no longer renews, but a new sign-in helps. Any other error passes, or is not the user's.
_OVER = frozenset(
    {"invalid_grant", "invalid_scope", "interaction_required", "login_required", "consent_required", "access_denied"}
)
# The line of a request: servers take 4 KiB (Keycloak) or 8.
_LONGEST_ADDRESS = 4000
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
# What a provider calls the type of a logout token; it also says so by the event.
LOGOUT_TOKENS = frozenset({"jwt", "logout+jwt", "application/logout+jwt"})
_LOGOUT_SECONDS = 300


@dataclass
class OidcProvider:
    """Implements `app.ports.Provider`; `id_tokens` checks the ID token, whose audience is this client."""

    settings: Settings
    http: httpx2.AsyncClient
    id_tokens: TokenVerifier
    clock: Clock
    # Each call has a client of its own; to load the certificates for it would take 25 ms of the event loop.
    _trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    _found: dict[str, Any] | None = None
    _found_at: float = 0.0

    async def address(self, sign_in: SignIn) -> str:
        """The address where the browser signs in."""
        endpoint = (await self._discovery())["authorization_endpoint"]
        url, _ = self._client().create_authorization_url(
            endpoint,
            state=sign_in.state,
            nonce=sign_in.nonce,
            code_verifier=sign_in.code_verifier,
            **({} if sign_in.max_age_seconds is None else {"max_age": sign_in.max_age_seconds}),
        )
        return str(url)

    async def exchange(self, sign_in: SignIn, code: str) -> SignedIn:
        """Tokens for a code."""
        answer = await self._ask(
            grant_type="authorization_code",
            code=code,
            code_verifier=sign_in.code_verifier,
            redirect_uri=self.settings.public_url + CALLBACK,
        )
        try:
            id_token = answer["id_token"]
            principal = await self.id_tokens.verify(id_token)
            claims = jwt.decode(id_token, options={"verify_signature": False})
        except auth.TokenTooLong as error:
            raise TokenTooLong(f"the ID token is too long: {error}") from error
        except (KeyError, jwt.InvalidTokenError) as error:
            raise SignInFailed(f"the ID token is not to be trusted: {error!r}") from error
        if claims.get("nonce") != sign_in.nonce:
            raise SignInFailed("the ID token answers another sign-in")
        tokens = self._tokens(answer, None)
        # The APIs know the user by the access token: what pages show is the name that they record.
        username = username_of(claims_in(tokens.access_token), self.settings) or principal.username
        session = claims.get("sid")
        return SignedIn(
            principal.subject, username, tokens, str(session) if session else None, _moment(claims.get("auth_time"))
        )

    async def renew(self, tokens: Tokens) -> Tokens:
        """New tokens for old ones. Raises SignInFailed only where no later try can help."""
        if tokens.refresh_token is None:
            raise SignInFailed("the provider gave no refresh token")
        # Not the configured scopes: providers refuse more than was granted.
        scope = " ".join(sorted(tokens.scopes))
        try:
            answer = await self._ask(grant_type="refresh_token", refresh_token=tokens.refresh_token, scope=scope)
        except SignInFailed as error:
            if error.said and error.said.error in _OVER:
                raise
            raise Transient(f"the OIDC provider renews nothing now: {error.said or error}") from error
        return self._tokens(answer, tokens)

    async def end_address(self, id_token: str | None) -> str | None:
        """The address where the browser signs out of the provider, which asks the user where it gets no ID token."""
        endpoint = (await self._discovery()).get("end_session_endpoint")
        if not endpoint:
            return None
        query = {
            "client_id": self.settings.oidc_client_id,
            "post_logout_redirect_uri": self.settings.public_url + SIGNED_OUT,
            **({"id_token_hint": id_token} if id_token else {}),
        }
        address = f"{endpoint}?{urlencode(query)}"
        if len(address) > _LONGEST_ADDRESS:  # the token has hundreds of dealers; without it, the provider asks the user
            query.pop("id_token_hint", None)
            address = f"{endpoint}?{urlencode(query)}"
        return address

    async def revoke(self, tokens: Tokens) -> None:
        """Let the provider forget the refresh token, and with it what outlives its own session (RFC 7009)."""
        try:
            endpoint = (await self._discovery()).get("revocation_endpoint")
            if tokens.refresh_token is None or not endpoint or not is_private(endpoint, self.settings):
                return
            async with self._client() as client:
                answer = await client.revoke_token(endpoint, token=tokens.refresh_token)
                answer.raise_for_status()
        except (Transient, OAuthError, httpx2.HTTPError, ValueError) as error:
            log.warning("tokens_not_revoked", error=repr(error))

    async def signed_out(self, logout_token: str) -> SignedOut:
        """Who signed out there (OpenID Connect Back-Channel Logout 1.0, section 2.6)."""
        try:
            key = await self.id_tokens.key_of(logout_token, LOGOUT_TOKENS)
            claims = self.id_tokens.claims(logout_token, key, require=["iss", "aud", "iat", "events"])
        except jwt.InvalidTokenError as error:
            raise SignInFailed(f"the logout token is not to be trusted: {error}") from error
        subject, session = claims.get("sub"), claims.get("sid")
        events, now = claims["events"], self.clock.now().timestamp()
        if not isinstance(events, dict) or LOGOUT_EVENT not in events or "nonce" in claims:
            raise SignInFailed("it is not a logout token")
        if not (subject or session) or now - float(claims["iat"]) > _LOGOUT_SECONDS:
            raise SignInFailed("the logout token names nobody, or is too old")
        return SignedOut(str(subject) if subject else None, str(session) if session else None)

    def _client(self) -> AsyncOAuth2Client:
        secret = self.settings.oidc_client_secret
        return AsyncOAuth2Client(
            self.settings.oidc_client_id,
            secret.get_secret_value() if secret else None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            revocation_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=self.settings.oidc_scopes,
            redirect_uri=self.settings.public_url + CALLBACK,
            code_challenge_method="S256",
            timeout=10,
            verify=self._trust,
            trust_env=False,
        )

    async def _ask(self, **given: str) -> dict[str, Any]:
        """The token endpoint's answer, with an access token. Raises SignInFailed where it refuses.

        Not by the client's own calls: they fail at an `expires_in` that is no whole number.
        """
        endpoint = (await self._discovery())["token_endpoint"]
        sent = {name: value for name, value in given.items() if value}
        async with self._client() as client:
            auth_ = client.client_auth(client.token_endpoint_auth_method)
            try:
                response = await client.post(endpoint, data=sent, auth=auth_, headers={"Accept": "application/json"})
                return _granted(response)
            except (httpx2.HTTPError, ValueError) as error:
                raise Transient(f"the OIDC provider does not answer: {error!r}") from error

    def _tokens(self, answer: dict[str, Any], old: Tokens | None) -> Tokens:
        """The tokens of an answer; a renewal keeps what its answer leaves out."""
        length = len(answer["access_token"])
        if length > auth.MAX_TOKEN_LENGTH:
            raise TokenTooLong(f"the access token is too long: {auth.TokenTooLong(length)}")
        now, life = self.clock.now(), lifetime(answer.get("expires_in"))
        scope = answer.get("scope")
        granted = old.scopes if old else frozenset(self.settings.oidc_scopes.split())
        return Tokens(
            access_token=answer["access_token"],
            refresh_token=answer.get("refresh_token") or (old.refresh_token if old else None),
            id_token=answer.get("id_token") or (old.id_token if old else None),
            issued_at=now,
            expires_at=now + timedelta(seconds=life or _DEFAULT_LIFE_SECONDS),
            scopes=frozenset(scope.split()) if scope and isinstance(scope, str) else granted,
        )

    async def _discovery(self) -> dict[str, Any]:
        if self._found is not None and self.clock.monotonic() - self._found_at < _DISCOVERY_SECONDS:
            return self._found
        issuer = self.settings.oidc_issuer.rstrip("/")
        address = self.settings.oidc_discovery_url or f"{issuer}/.well-known/openid-configuration"
        try:
            answer = await self.http.get(address)
            answer.raise_for_status()
            self._found, self._found_at = self._safe(answer.json()), self.clock.monotonic()
        except (httpx2.HTTPError, ValueError) as error:
            log.warning("oidc_discovery_not_fetched", issuer=issuer, error=repr(error))
            if self._found is None:
                raise Transient(f"OIDC_ISSUER {issuer} does not answer") from error
        assert self._found is not None
        return self._found

    def _safe(self, found: dict[str, Any]) -> dict[str, Any]:
        """The document, if our secret and our users' tokens may go to its endpoint. Raises ValueError."""
        endpoint = str(found.get("token_endpoint"))
        if not is_private(endpoint, self.settings):
            raise ValueError(f"its token endpoint is {endpoint}: secrets go there, so it must be https")
        return found


def _granted(response: httpx2.Response) -> dict[str, Any]:
    """A token endpoint's answer. Raises SignInFailed for a refusal, ValueError or HTTPError for what says nothing."""
    if response.status_code == httpx2.codes.TOO_MANY_REQUESTS or response.is_server_error:
        response.raise_for_status()
    said = response.json()
    answer: dict[str, Any] = said if isinstance(said, dict) else {}
    if answer.get("error"):
        raise SignInFailed("the provider refuses", ProviderError.of(answer["error"], answer.get("error_description")))
    if not isinstance(answer.get("access_token"), str):
        raise SignInFailed("the provider's answer has no access token")
    return answer


def _moment(seconds: Any) -> datetime | None:
    """A time in a claim; None where it is none."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC) if seconds is not None else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
