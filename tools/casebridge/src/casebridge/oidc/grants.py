"""The provider's grants, based on Authlib's."""

import time
from typing import Any, Protocol

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import RSAKey

from casebridge.oidc.clients import Client, Code, RefreshToken
from casebridge.oidc.keys import ALGORITHM, REFRESH_TYPE, TokenSigner
from casebridge.oidc.users import USERS, User

CODE_SECONDS = 60


class Server(Protocol):
    """What the grants need from their authorization server."""

    codes: dict[str, Code]
    revoked: set[str]
    signer: TokenSigner


class Challenge(CodeChallenge):  # type: ignore[misc]
    """PKCE, with SHA-256 only."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]  # noqa: RUF012 - Authlib's attribute


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """A code for a user who picked a name on the login page."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["none"]  # noqa: RUF012 - Authlib's attribute
    server: Server

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
    server: Server

    def authenticate_refresh_token(self, refresh_token: str) -> RefreshToken | None:
        claims = self.server.signer.read(refresh_token, REFRESH_TYPE)
        claims = claims if claims and claims["jti"] not in self.server.revoked else None
        user = USERS.get(claims["sub"]) if claims else None
        return RefreshToken(claims["client_id"], claims["scope"], user) if claims and user else None

    def authenticate_user(self, refresh_token: RefreshToken) -> User:
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: RefreshToken) -> None:
        """Nothing to do: it expires by itself."""


class IdToken(OpenIDCode):  # type: ignore[misc]
    """The ID token that comes with the access token if scope `openid` was requested."""

    def __init__(self, signer: TokenSigner) -> None:
        super().__init__(require_nonce=False)
        self._signer = signer

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        """False: the nonce protects the client, which compares it itself."""
        del nonce, request
        return False

    def generate_user_info(self, user: User, scope: str) -> UserInfo:
        del scope
        return UserInfo(sub=user.username, preferred_username=user.username, dealers=list(user.dealers))

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        del client
        return self._signer.key

    def get_client_algorithm(self, client: Client) -> str:
        del client
        return ALGORITHM

    def get_encode_header(self, client: Client) -> dict[str, Any]:
        del client
        return {"alg": ALGORITHM, "kid": self._signer.key.kid}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self._signer.issuer, "aud": client.client_id}
