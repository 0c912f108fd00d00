"""Find the session of a request, and renew its tokens in time, once for all requests that come together."""

import asyncio
from dataclasses import dataclass

import structlog

from case_shared.process.clock import Clock
from case_shared.words.errors import Transient
from portal_web.app.ports import Marks, Provider, SessionStore
from portal_web.domain.errors import SessionEnded, SignInFailed
from portal_web.domain.secret import Secret
from portal_web.domain.session import Dealer, Session, Tokens

log = structlog.get_logger(__name__)
# Together as long as another request's renewal may take (claim_renewal.sql).
_WAITS = 100
_WAIT_SECONDS = 0.1
# So long the provider may take: time is left to store its answer before another request may ask.
_RENEWAL_SECONDS = 8.0
# Use is noted about once a minute, so that a page costs no write.
_NOTED_SECONDS = 60.0


@dataclass(frozen=True)
class KeepingSession:
    """The use case."""

    store: SessionStore
    provider: Provider
    clock: Clock

    async def find(self, secret: Secret, *, used: bool = True) -> Session:
        """The session, with an access token that works; `used`: its user does something, it is not a page by itself.

        Raises SessionEnded, and Transient if the token has expired and the provider does not answer.
        """
        for _ in range(_WAITS):
            session, version = await self._read(secret, used=used)
            if not session.due(self.clock.now()):
                return session
            if await self.store.claim_renewal(secret.id, version):
                return await self._renew(secret, session, version)
            if session.usable(self.clock.now()):
                return session
            await asyncio.sleep(_WAIT_SECONDS)
        raise Transient("another request's renewal of the tokens takes too long")

    async def remember_dealers(self, secret: Secret, dealers: tuple[Dealer, ...]) -> None:
        """Note the user's dealers, until the tokens are renewed."""
        session, version = await self._read(secret)
        content = _sealed(secret, session.model_copy(update={"dealers": dealers}))
        await self.store.remember_dealers(secret.id, content, version)

    async def end(self, secret: Secret | None) -> str | None:
        """Sign out; return the address where the browser can sign out of the provider too.

        A session that has ended already does not matter: the provider's may go on.
        """
        return await self._left(await self._ended(secret))

    async def end_all(self, secret: Secret | None) -> str | None:
        """Sign the user out in all browsers; returns as `end` does.

        Only this browser's tokens can be revoked: the others' are sealed with the others' secrets, and gone with them.
        """
        session = await self._ended(secret)
        if session:
            ended = await self.store.delete_of(Marks.of(session.subject, None).owner)
            log.info("all_sessions_ended", user=session.subject, others=ended)
        return await self._left(session)

    async def end_from_provider(self, logout_token: str) -> int:
        """End the sessions of who signed out at the provider; returns how many.

        Raises SignInFailed where the token is not to be trusted, Transient where that cannot be found out.
        """
        logout = await self.provider.signed_out(logout_token)
        marks = Marks.of(logout.subject or "", logout.provider_session)
        if marks.provider_session:
            ended = await self.store.delete_from(marks.provider_session)
        else:
            ended = await self.store.delete_of(marks.owner)
        log.info("signed_out_at_provider", user=logout.subject, ended=ended)
        return ended

    async def _ended(self, secret: Secret | None) -> Session | None:
        """Delete the session, and return it."""
        if secret is None:
            return None
        try:
            session, _ = await self._read(secret)
        except SessionEnded:
            return None
        await self.store.delete(secret.id)
        return session

    async def _left(self, session: Session | None) -> str | None:
        if session:
            await self.provider.revoke(session.tokens)
        try:
            return await self.provider.end_address(session.tokens.id_token if session else None)
        except Transient:
            return None

    async def _read(self, secret: Secret, *, used: bool = False) -> tuple[Session, int]:
        stored = await self.store.find(secret.id)
        plain = secret.open(stored.content) if stored else None
        if stored is None or plain is None:
            raise SessionEnded
        if used and stored.idle_seconds > _NOTED_SECONDS:
            await self.store.touch(secret.id)
        return Session.model_validate_json(plain), stored.version

    async def _renew(self, secret: Secret, session: Session, version: int) -> Session:
        try:
            tokens = await self._asked_in_time(session)
        except SignInFailed as error:
            log.warning("session_not_renewed", user=session.subject, error=str(error), provider=str(error.said or ""))
            await self.store.delete(secret.id)
            raise SessionEnded from None
        except Transient as error:
            log.warning("session_not_renewed_now", user=session.subject, error=str(error))
            if session.usable(self.clock.now()):
                return session  # the claim stays: for ten seconds, no request waits for the provider
            await self.store.release_renewal(secret.id)
            raise
        return await self._store(secret, session, tokens, version)

    async def _asked_in_time(self, session: Session) -> Tokens:
        """New tokens, while no other request may ask for them: a refresh token may work only once."""
        try:
            async with asyncio.timeout(_RENEWAL_SECONDS):
                return await self.provider.renew(session.tokens)
        except TimeoutError as error:
            raise Transient("the provider takes too long to renew the tokens") from error

    async def _store(self, secret: Secret, session: Session, tokens: Tokens, version: int) -> Session:
        """Store renewed tokens, also where something else of the session has changed meanwhile: the old are used up."""
        renewed = session.model_copy(update={"tokens": tokens, "dealers": None})
        while not await self.store.replace(secret.id, _sealed(secret, renewed), version, secret.form_key_id):
            try:
                current, version = await self._read(secret)
            except SessionEnded:
                await self.provider.revoke(tokens)  # signed out meanwhile
                raise
            if current.tokens != session.tokens:  # from a new sign-in
                return current
            renewed = current.model_copy(update={"tokens": tokens, "dealers": None})
        return renewed


def _sealed(secret: Secret, session: Session) -> bytes:
    return secret.seal(session.model_dump_json().encode())
