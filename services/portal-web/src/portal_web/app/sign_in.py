"""Sign in by the authorization code flow with PKCE; afterwards, a kept form comes back."""

import hmac
import secrets
from dataclasses import dataclass

from portal_web.app.keep_form import KeepingForms
from portal_web.app.ports import Marks, Provider, SessionStore, SignedIn
from portal_web.domain.errors import NotProven, ProviderError, SignInFailed
from portal_web.domain.secret import Secret
from portal_web.domain.session import KeptKey, Session, SignIn

_CLOCKS_DIFFER_SECONDS = 30


@dataclass(frozen=True)
class Arrived:
    """A user who has signed in: the session's secret, where to go, and the form kept for them."""

    session: Secret
    return_to: str
    form: KeptKey | None


@dataclass(frozen=True)
class Answer:
    """What the browser brings back from the provider."""

    state: str
    code: str | None = None
    error: ProviderError | None = None


@dataclass(frozen=True)
class SigningIn:
    """The use case, in two steps: `begin`, then the user at the provider, then `finish`.

    What `finish` needs is in a cookie for each sign-in, so that sign-ins in several tabs do not interfere.
    """

    store: SessionStore
    provider: Provider
    forms: KeepingForms
    session_hours: float

    async def begin(
        self, state: str, return_to: str, form: KeptKey | None = None, max_age_seconds: int | None = None
    ) -> tuple[SignIn, str]:
        """Return the sign-in, for the browser to remember, and the provider's address."""
        sign_in = SignIn(
            state=state,
            nonce=secrets.token_urlsafe(24),
            code_verifier=secrets.token_urlsafe(48),
            return_to=return_to,
            form=form,
            max_age_seconds=max_age_seconds,
        )
        return sign_in, await self.provider.address(sign_in)

    async def finish(self, sign_in: SignIn | None, current: Secret | None, answer: Answer) -> Arrived:
        """Open a session for a code; `current` is the browser's session, if it has one.

        Raises SignInFailed where there is no code, or this browser did not begin the sign-in: then whatever else the
        answer has may be anybody's words.
        """
        if sign_in is None or not hmac.compare_digest(sign_in.state.encode(), answer.state.encode()):
            raise SignInFailed("no such sign-in of this browser is under way")
        if answer.error is not None:
            raise SignInFailed("the provider, or the user there, said no", answer.error)
        if answer.code is None:
            raise SignInFailed("the provider gave no code")
        signed_in = await self.provider.exchange(sign_in, answer.code)
        self._check_age(sign_in, signed_in)
        secret = await self._opened(signed_in, current)
        form = await self.forms.find(sign_in.form) if sign_in.form else None
        mine = form is not None and form.author == signed_in.subject
        return Arrived(secret, sign_in.return_to, sign_in.form if mine else None)

    async def _opened(self, signed_in: SignedIn, current: Secret | None) -> Secret:
        """The session: the browser's own if it is the same user's, because forms in other tabs belong to it."""
        session = Session(
            subject=signed_in.subject,
            username=signed_in.username,
            tokens=signed_in.tokens,
            signed_in_at=signed_in.at,
        )
        before = await self._session(current) if current else None
        same = before is not None and before.subject == session.subject
        secret = current if current and same else Secret.new()
        content = secret.seal(session.model_dump_json().encode())
        marks = Marks.of(signed_in.subject, signed_in.provider_session)
        await self.store.put(secret.id, content, self.session_hours, secret.form_key_id, marks)
        if current and before and not same:
            await self.store.delete(current.id)
            # Not where it is the same user's: providers forget the new tokens, too, for both are of one session there.
            await self.provider.revoke(before.tokens)
        return secret

    async def _session(self, secret: Secret) -> Session | None:
        stored = await self.store.find(secret.id)
        plain = secret.open(stored.content) if stored else None
        return Session.model_validate_json(plain) if plain else None

    def _check_age(self, sign_in: SignIn, signed_in: SignedIn) -> None:
        """A provider may ignore `max_age`: then nothing was proved (OpenID Connect Core 1.0, section 3.1.3.7)."""
        if sign_in.max_age_seconds is None:
            return
        if signed_in.at is None:
            raise NotProven("the ID token does not say when the user signed in (auth_time)")
        if (self.forms.clock.now() - signed_in.at).total_seconds() > sign_in.max_age_seconds + _CLOCKS_DIFFER_SECONDS:
            raise NotProven("the provider did not ask the user to sign in again (max_age)")
