"""A browser's secret: the content of its cookie, and all that is derived from it.

The database contains only the hash of a secret and what is sealed with it. So neither the database nor its backup alone
opens a session, and no key has to be kept (docs/adr/0017).
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_BYTES = 32
_NONCE_BYTES = 12


@dataclass(frozen=True, repr=False)
class Secret:
    """256 random bits, as text in a cookie."""

    text: str

    @classmethod
    def new(cls) -> "Secret":
        """Generate a secret."""
        return cls(secrets.token_urlsafe(_BYTES))

    @property
    def id(self) -> bytes:
        """Its ID in the database."""
        return hashlib.sha256(self.text.encode()).digest()

    def seal(self, plain: bytes) -> bytes:
        """Encrypt what only this browser's requests may open."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self._key(b"seal")).encrypt(nonce, plain, None)

    def open(self, sealed: bytes) -> bytes | None:
        """What was sealed with it; None if it was sealed with another."""
        try:
            return AESGCM(self._key(b"seal")).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except InvalidTag:
            return None

    def form_token(self) -> str:
        """A token for a page's forms, with a new mask each time, so that compression does not reveal it (BREACH)."""
        mask = secrets.token_bytes(_BYTES)
        return urlsafe_b64encode(mask + _xor(mask, self._key(b"form"))).decode()

    def wrote(self, form_token: str) -> bool:
        """Whether `form_token` issued this token."""
        key = _form_key(form_token)
        return key is not None and hmac.compare_digest(key, self._key(b"form"))

    @property
    def form_key_id(self) -> bytes:
        """The ID that all form tokens of this secret share (see `form_key_id`)."""
        return hashlib.sha256(self._key(b"form")).digest()

    def _key(self, purpose: bytes) -> bytes:
        return HKDF(SHA256(), _BYTES, salt=None, info=b"casebridge portal " + purpose).derive(self.text.encode())


def form_key_id(form_token: str) -> bytes | None:
    """The ID of the key hidden in a form token: it shows whose form it is, even if the cookie is gone.

    None if it is not a token.
    """
    key = _form_key(form_token)
    return hashlib.sha256(key).digest() if key else None


def _form_key(form_token: str) -> bytes | None:
    try:
        raw = urlsafe_b64decode(form_token.encode())
    except ValueError:
        return None
    return _xor(raw[:_BYTES], raw[_BYTES:]) if len(raw) == 2 * _BYTES else None


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
