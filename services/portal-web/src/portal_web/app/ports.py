"""What the use cases need of the world around them."""

from dataclasses import dataclass
from typing import Protocol

from portal_web.domain.session import SignIn, Tokens


@dataclass(frozen=True)
class Sealed:
    """A stored session; `version` grows with each change."""

    content: bytes
    version: int


class SessionStore(Protocol):
    """Sessions and kept forms, found by the hash of a secret in a cookie; what has expired is not found."""

    async def put(self, session_id: bytes, content: bytes, hours: float, form_key_id: bytes) -> None:
        """Store a session that ends after `hours`, new or again; forms with its key may be kept for a week more."""

    async def find(self, session_id: bytes) -> Sealed | None:
        """The session."""

    async def replace(self, session_id: bytes, content: bytes, version: int, form_key_id: bytes) -> bool:
        """Store its new content, unless its version is no longer `version`."""

    async def claim_renewal(self, session_id: bytes, version: int) -> bool:
        """Whether the caller alone may renew this version's tokens, for the next ten seconds."""

    async def release_renewal(self, session_id: bytes) -> None:
        """Let others try: it failed."""

    async def delete(self, session_id: bytes) -> None:
        """End it."""

    async def put_kept(self, kept_id: bytes, content: bytes, form_key_id: bytes) -> bool:
        """Keep a form for fifteen minutes; False where no session had its key, or there is no room."""

    async def find_kept(self, kept_id: bytes) -> bytes | None:
        """Look at it."""

    async def delete_kept(self, kept_id: bytes) -> None:
        """Forget it."""

    async def delete_expired(self) -> bool:
        """Delete what has expired; False, for it is all done."""


@dataclass(frozen=True)
class SignedIn:
    """What the provider says at the end of a sign-in."""

    subject: str
    username: str
    tokens: Tokens


class Provider(Protocol):
    """The OIDC provider. Its calls raise SignInFailed where it refuses, Transient where it does not answer."""

    async def address(self, sign_in: SignIn) -> str:
        """Where the browser is sent to sign in."""

    async def exchange(self, sign_in: SignIn, code: str) -> SignedIn:
        """Tokens for a code; the ID token is checked."""

    async def renew(self, tokens: Tokens) -> Tokens:
        """New tokens for old ones."""

    async def end_address(self, tokens: Tokens) -> str | None:
        """Where the browser is sent to sign out there too, if the provider has such a place."""
