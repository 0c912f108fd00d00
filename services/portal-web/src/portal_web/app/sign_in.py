"""Sign in by the authorization code flow with PKCE; what a form had typed comes back after it."""

import hmac
import secrets
from dataclasses import dataclass

from portal_web.app.ports import Provider, SessionStore
from portal_web.domain.errors import SignInFailed
from portal_web.domain.secret import Secret
from portal_web.domain.session import KeptForm, Session, SignIn


@dataclass(frozen=True)
class Arrived:
    """A user who has signed in: the new session's secret, where to go, and the secret of a form kept for them."""

    session: Secret
    return_to: str
    form: Secret | None


@dataclass(frozen=True)
class SigningIn:
    """The use case, in two steps: `begin`, then the user at the provider, then `finish`."""

    store: SessionStore
    provider: Provider
    session_hours: float

    async def begin(self, browser: Secret, return_to: str, form: KeptForm | None = None) -> str:
        """Remember the sign-in for the browser whose cookie holds `browser`; returns the provider's address."""
        sign_in = SignIn(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            code_verifier=secrets.token_urlsafe(48),
            return_to=return_to,
            form=form,
        )
        address = await self.provider.address(sign_in)
        await self.store.put_kept(browser.id, browser.seal(sign_in.model_dump_json().encode()))
        return address

    async def finish(self, browser: Secret | None, state: str, code: str | None) -> Arrived:
        """Open a session for a code; raises SignInFailed where there is none, or this browser did not begin it."""
        sign_in = await self._taken(browser, state)
        if code is None:
            raise SignInFailed("the provider gave no code: the user, or the provider, said no")
        signed_in = await self.provider.exchange(sign_in, code)
        session = Session(subject=signed_in.subject, username=signed_in.username, tokens=signed_in.tokens)
        secret = Secret.new()
        await self.store.put(secret.id, secret.seal(session.model_dump_json().encode()), self.session_hours)
        form = sign_in.form if sign_in.form and sign_in.form.author == session.subject else None
        return Arrived(secret, sign_in.return_to, await self.keep(form) if form else None)

    async def keep(self, form: KeptForm) -> Secret:
        """Keep a form for its page; returns the secret that opens it."""
        secret = Secret.new()
        await self.store.put_kept(secret.id, secret.seal(form.model_dump_json().encode()))
        return secret

    async def _taken(self, browser: Secret | None, state: str) -> SignIn:
        content = await self.store.take_kept(browser.id) if browser else None
        plain = browser.open(content) if browser and content else None
        if plain is None:
            raise SignInFailed("no sign-in of this browser is under way")
        sign_in = SignIn.model_validate_json(plain)
        if not hmac.compare_digest(sign_in.state, state):
            raise SignInFailed("the state is another sign-in's")
        return sign_in
