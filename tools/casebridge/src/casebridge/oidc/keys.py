"""The signing key, created at the first start and stored, and the tokens signed with it."""

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from casebridge.oidc.users import User
from casebridge.state import create_private

ALGORITHM = "RS256"
KEY_BITS = 2048
KEY_NAME = "signing-key.json"
ACCESS_TYPE = "at+jwt"  # RFC 9068
REFRESH_TYPE = "refresh+jwt"


def load_key(data_dir: Path) -> RSAKey:
    """The key of this folder; raises FileNotFoundError if the provider never ran on it."""
    return RSAKey.import_key(json.loads((data_dir / KEY_NAME).read_text()))


def create_key(data_dir: Path) -> RSAKey:
    """The key of this folder, created if necessary."""

    def make() -> str:
        key = RSAKey.generate_key(KEY_BITS, {"use": "sig", "alg": ALGORITHM}, private=True, auto_kid=True)
        return json.dumps(key.as_dict(private=True))

    create_private(data_dir / KEY_NAME, make)
    return load_key(data_dir)


@dataclass(frozen=True)
class TokenSigner:
    """Signs and reads the tokens of one issuer."""

    key: RSAKey
    issuer: str
    audience: str

    def access_token(self, user: User, *, client_id: str, scope: str, lifetime_seconds: int) -> str:
        """A JWT that the services accept, with the claims of docs/identity-providers.md."""
        claims = {"aud": self.audience, "dealers": list(user.dealers), "preferred_username": user.username}
        return self.sign(ACCESS_TYPE, user, client_id, scope, lifetime_seconds, claims)

    def refresh_token(self, user: User, *, client_id: str, scope: str, lifetime_seconds: int) -> str:
        """A JWT that only this issuer accepts; it needs no store, so it survives a restart."""
        return self.sign(REFRESH_TYPE, user, client_id, scope, lifetime_seconds, {"aud": self.issuer})

    def sign(
        self, kind: str, user: User, client_id: str, scope: str, lifetime_seconds: int, claims: dict[str, Any]
    ) -> str:
        """A signed token of this kind, with these claims and those that every token has."""
        now = int(time.time())
        common = {"iss": self.issuer, "sub": user.username, "iat": now, "exp": now + lifetime_seconds}
        common |= {"jti": uuid.uuid4().hex, "client_id": client_id, "scope": scope}
        header = {"alg": ALGORITHM, "typ": kind, "kid": self.key.kid}
        return jwt.encode(header, {**common, **claims}, self.key)

    def read(self, token: str, kind: str) -> dict[str, Any] | None:
        """The claims of one of our tokens if it is still valid, otherwise None."""
        from joserfc.errors import JoseError

        try:
            found = jwt.decode(token, self.key, algorithms=[ALGORITHM])
            jwt.JWTClaimsRegistry(iss={"essential": True, "value": self.issuer}, exp={"essential": True}).validate(
                found.claims
            )
        except (JoseError, ValueError):
            return None
        return dict(found.claims) if found.header.get("typ") == kind else None
