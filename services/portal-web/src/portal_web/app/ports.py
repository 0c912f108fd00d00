"""What the use cases need from the world around them."""

from dataclasses import dataclass
from typing import Protocol

from portal_web.domain.session import SignIn, Tokens


@dataclass(frozen=True)
class Sealed:
    """A stored session; `version` grows with each change."""

    content: bytes
    version: int


class SessionStore(Protocol):
    """Sessions and kept forms, by the hash of a secret in a cookie; expired ones are not found."""

    async def put(self, session_id: bytes, content: bytes, hours: float, form_key_id: bytes) -> None:
        """Store a new or existing session that ends after `hours`; its forms can be kept for one more week."""

    async def find(self, session_id: bytes) -> Sealed | None:
        """The session."""

    async def replace(self, session_id: bytes, content: bytes, version: int, form_key_id: bytes) -> bool:
        """Store its new content, unless its version is no longer `version`."""

    async def claim_renewal(self, session_id: bytes, version: int) -> bool:
        """Whether only the caller may renew this version's tokens, for the next ten seconds."""

    async def release_renewal(self, session_id: bytes) -> None:
        """Let others try: it failed."""

    async def delete(self, session_id: bytes) -> None:
        """End it."""

    async def put_kept(self, kept_id: bytes, content: bytes, form_key_id: bytes) -> bool:
        """Keep a form for fifteen minutes; False if no session had its key, or there is no room."""

    async def find_kept(self, kept_id: bytes) -> bytes | None:
        """The form; it stays stored."""

    async def delete_kept(self, kept_id: bytes) -> None:
        """Delete a kept form."""

    async def delete_expired(self) -> bool:
        """Delete what has expired; returns False: nothing more to do."""


@dataclass(frozen=True)
class SignedIn:
    """What the provider returns at the end of a sign-in."""

    subject: str
    username: str
    tokens: Tokens


class Provider(Protocol):
    """The OIDC provider. Calls raise SignInFailed if it refuses, Transient if it does not answer."""

    async def address(self, sign_in: SignIn) -> str:
        """The address where the browser signs in."""

    async def exchange(self, sign_in: SignIn, code: str) -> SignedIn:
        """Tokens for a code; the ID token is checked."""

    async def renew(self, tokens: Tokens) -> Tokens:
        """New tokens for old ones."""

    async def end_address(self, tokens: Tokens) -> str | None:
        """The address where the browser signs out of the provider, if it has one."""
