"""What the use cases need from the world around them."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from portal_web.domain.session import SignIn, Tokens


@dataclass(frozen=True)
class Sealed:
    """A stored session; `version` grows with each change, `idle_seconds` while its user does nothing."""

    content: bytes
    version: int
    idle_seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Marks:
    """What sessions are found together by, hashed: all of a user, and those of one session at the provider."""

    owner: bytes
    provider_session: bytes | None = None

    @classmethod
    def of(cls, subject: str, provider_session: str | None) -> "Marks":
        """The marks of a session of the provider's user."""
        return cls(_hash("sub", subject), _hash("sid", provider_session) if provider_session else None)


def _hash(claim: str, text: str) -> bytes:
    return hashlib.sha256(f"{claim}\x00{text}".encode()).digest()


class SessionStore(Protocol):
    """Sessions and kept forms, by the hash of a secret in a cookie; expired ones are not found."""

    async def put(self, session_id: bytes, content: bytes, hours: float, form_key_id: bytes, marks: Marks) -> None:
        """Store a session that ends after `hours`, new or again; forms with its key may be kept for a week more."""

    async def find(self, session_id: bytes) -> Sealed | None:
        """The session."""

    async def replace(self, session_id: bytes, content: bytes, version: int, form_key_id: bytes) -> bool:
        """Store its new content, unless its version is no longer `version`."""

    async def remember_dealers(self, session_id: bytes, content: bytes, version: int) -> None:
        """Store its content with the user's dealers, unless it has changed, or somebody renews its tokens."""

    async def claim_renewal(self, session_id: bytes, version: int) -> bool:
        """Whether only the caller may renew this version's tokens, for the next ten seconds."""

    async def release_renewal(self, session_id: bytes) -> None:
        """Let others try: it failed."""

    async def delete(self, session_id: bytes) -> None:
        """End it."""

    async def touch(self, session_id: bytes) -> None:
        """Note that its user does something now: a session that nobody uses ends."""

    async def delete_of(self, owner: bytes) -> int:
        """End all sessions of a user; returns how many."""

    async def delete_from(self, provider_session: bytes) -> int:
        """End those that came from one session at the provider; returns how many."""

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
    """What the provider says at the end of a sign-in; `at`: when the user proved to be there (`auth_time`)."""

    subject: str
    username: str
    tokens: Tokens
    provider_session: str | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class SignedOut:
    """Who signed out at the provider, or which session there (OpenID Connect Back-Channel Logout 1.0)."""

    subject: str | None
    provider_session: str | None


class Provider(Protocol):
    """The OIDC provider. Calls raise SignInFailed if it refuses, Transient if it does not answer."""

    async def address(self, sign_in: SignIn) -> str:
        """The address where the browser signs in."""

    async def exchange(self, sign_in: SignIn, code: str) -> SignedIn:
        """Tokens for a code; the ID token is checked."""

    async def renew(self, tokens: Tokens) -> Tokens:
        """New tokens for old ones."""

    async def revoke(self, tokens: Tokens) -> None:
        """Let the provider forget what it gave, as far as it can; raises nothing."""

    async def signed_out(self, logout_token: str) -> SignedOut:
        """Who signed out there, by the token that it sends; raises SignInFailed where that is not to be trusted."""

    async def end_address(self, id_token: str | None) -> str | None:
        """The address where the browser signs out of the provider, if it has one."""
