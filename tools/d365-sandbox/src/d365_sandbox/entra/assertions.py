"""Client assertions (private_key_jwt): signed with the application's certificate, or by a federated issuer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from jwt import PyJWKSet
from jwt.exceptions import InvalidSubjectError
from jwt.utils import base64url_encode

from d365_sandbox import entra_errors as errors
from d365_sandbox.entra_errors import EntraError

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["RS256", "PS256", "ES256"]
EXCHANGE_AUDIENCE = "api://AzureADTokenExchange"

ERRORS: tuple[tuple[type[jwt.InvalidTokenError], EntraError], ...] = (
    (jwt.ExpiredSignatureError, errors.ASSERTION_EXPIRED),
    (jwt.ImmatureSignatureError, errors.ASSERTION_EXPIRED),
    (jwt.InvalidSignatureError, errors.WRONG_SIGNATURE),
    (jwt.InvalidAlgorithmError, errors.WRONG_SIGNATURE),
    (jwt.InvalidAudienceError, errors.WRONG_ASSERTION_AUDIENCE),
    (InvalidSubjectError, errors.WRONG_SUBJECT),
    (jwt.InvalidIssuerError, errors.WRONG_SUBJECT),
)


class CredentialUnusable(Exception):
    """A certificate or key file cannot be read."""


@dataclass(frozen=True, slots=True)
class Federation:
    """A federated credential: whose tokens prove the application, and that issuer's keys (a JWKS)."""

    issuer: str
    subject: str
    keys: PyJWKSet


@dataclass(frozen=True, slots=True)
class Credentials:
    """An application's credentials besides its secret; `certificates` by thumbprint (x5t, x5t#S256)."""

    certificates: Mapping[str, Any]
    federation: Federation | None = None

    def refusal_of(self, assertion: str, client_id: str, audiences: frozenset[str]) -> EntraError | None:
        """Why Entra refuses the assertion of an application; None if it accepts it."""
        try:
            claims = jwt.decode(assertion, options={"verify_signature": False})
            if self.federation is not None and claims.get("iss") == self.federation.issuer:
                return self._federated(assertion, self.federation)
            self._verify(assertion, client_id, audiences)
        except jwt.InvalidTokenError as error:
            return next((refusal for kind, refusal in ERRORS if isinstance(error, kind)), errors.MALFORMED_ASSERTION)
        return None

    def _verify(self, assertion: str, client_id: str, audiences: frozenset[str]) -> None:
        header = jwt.get_unverified_header(assertion)
        thumbprint = str(header.get("x5t#S256") or header.get("x5t") or "")
        key = self.certificates.get(thumbprint.rstrip("="))  # Microsoft's own library pads it
        if key is None:
            raise jwt.InvalidSignatureError("no certificate has this thumbprint")
        jwt.decode(
            assertion, key, algorithms=ALGORITHMS, audience=audiences, issuer=client_id, subject=client_id,
            options={"require": ["exp", "aud", "iss", "sub", "jti"]},
        )  # fmt: skip

    def _federated(self, assertion: str, federation: Federation) -> EntraError | None:
        key_id = jwt.get_unverified_header(assertion).get("kid")
        key = next((key for key in federation.keys.keys if key.key_id == key_id), None)
        if key is None:
            return errors.WRONG_SIGNATURE
        claims = jwt.decode(
            assertion, key, algorithms=ALGORITHMS, audience=EXCHANGE_AUDIENCE, options={"require": ["exp", "sub"]}
        )
        return None if claims["sub"] == federation.subject else errors.NOT_FEDERATED


def read_certificate(path: Path) -> dict[str, Any]:
    """The public key of a PEM certificate, by both of its thumbprints; raises `CredentialUnusable`."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise CredentialUnusable(f"cannot read the certificate {path}: {error}") from error
    prints = (certificate.fingerprint(hashes.SHA1()), certificate.fingerprint(hashes.SHA256()))  # noqa: S303 (x5t is SHA-1)
    return {base64url_encode(one).decode(): certificate.public_key() for one in prints}


def read_federation(issuer: str, subject: str, keys: Path) -> Federation:
    """A federated credential with the keys of a JWKS file; raises `CredentialUnusable`."""
    try:
        return Federation(issuer, subject, PyJWKSet.from_dict(json.loads(keys.read_text())))
    except (OSError, ValueError, jwt.PyJWTError) as error:
        raise CredentialUnusable(f"cannot read the keys {keys} of {issuer}: {error}") from error
