"""Who sent the request, and what they may see: the session, the dealer in the address, and their own forms."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from case_shared.web.rights import Rights, rights_in
from case_shared.words.scopes import Scope
from portal_web.app.choices import Choices
from portal_web.app.keep_session import KeepingSession
from portal_web.clients.case_api import CaseApi, DealerApi
from portal_web.clients.rest import Rest
from portal_web.domain.errors import SessionEnded
from portal_web.domain.secret import Secret, form_key_id
from portal_web.domain.session import Dealer, Session
from portal_web.web.context import Context, context_of
from portal_web.web.preferences import preferences_of
from portal_web.web.protection import by_user

_DEALER_SCOPE, _OPERATOR_SCOPE = Scope.CASES_READ, Scope.DOCUMENTS_READ
# Longer than any field may be: the API says which field is too long, and the form shows it with its text.
_LONGEST_FIELD, _MOST_FIELDS = 100_000, 100


class SignInNeeded(Exception):
    """Nobody is signed in; `fields`: what a form sent."""

    def __init__(self, fields: dict[str, str] | None) -> None:
        super().__init__("nobody is signed in")
        self.fields = fields


class ForgedForm(Exception):
    """A form without this session's token: from before the sign-in, or from elsewhere.

    `from_us`: it has a token, of another session.
    """

    def __init__(self, fields: dict[str, str], *, from_us: bool) -> None:
        super().__init__("a form of another session")
        self.fields, self.from_us = fields, from_us


class StepUpNeeded(Exception):
    """What cannot be undone needs a sign-in that is not older than this; `fields`: what a form had sent."""

    def __init__(self, max_age_seconds: int, fields: dict[str, str] | None) -> None:
        super().__init__("the sign-in is too old for this")
        self.max_age_seconds, self.fields = max_age_seconds, fields


@dataclass(frozen=True)
class CurrentUser:
    """The user who is signed in, as one request needs them."""

    secret: Secret
    session: Session
    context: Context
    rights: Rights
    accepts: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether the user's token has a scope; the APIs decide, this only spares the user a refusal."""
        return scope in self.rights.scopes

    @property
    def is_dealer(self) -> bool:
        """Whether this user has access to cases."""
        return self.may(_DEALER_SCOPE)

    @property
    def is_operator(self) -> bool:
        """Whether this user has access to the console."""
        return self.context.settings.d365_sync_url is not None and self.may(_OPERATOR_SCOPE)

    def must_be_sure(self, fields: dict[str, str] | None = None) -> None:
        """Demand that the user has proved to be there lately, if the portal is set so; raises StepUpNeeded."""
        minutes, at = self.context.settings.step_up_minutes, self.session.signed_in_at
        if minutes is None:
            return
        seconds = round(minutes * 60)
        if at is None or (self.context.clock.now() - at).total_seconds() > seconds:
            raise StepUpNeeded(seconds, fields)

    def rest(self, url: str) -> Rest:
        """A client of an API, with the user's token and language."""
        headers = {"Accept-Language": self.accepts} if self.accepts else {}
        token, context = self.session.tokens.access_token, self.context
        return Rest(context.http, url.rstrip("/"), token, headers=headers, streams=context.streams, load=context.load)

    @property
    def api(self) -> CaseApi:
        """case-api."""
        return CaseApi(self.rest(self.context.settings.case_api_url))

    async def dealers(self) -> tuple[Dealer, ...]:
        """The user's dealers; requested if they are unknown, or if there were none yet."""
        return self.session.dealers or await self.ask_for_dealers()

    async def ask_for_dealers(self) -> tuple[Dealer, ...]:
        """Request the user's dealers now, and remember them."""
        if not self.is_dealer or self.rights.left_out:
            return ()
        found = await self.api.dealers()
        await self.context.sessions.remember_dealers(self.secret, found)
        return found


@dataclass(frozen=True)
class CurrentDealer:
    """The dealer in the path, one of the user's."""

    user: CurrentUser
    dealer: Dealer
    dealers: tuple[Dealer, ...]

    @property
    def api(self) -> DealerApi:
        """What belongs to the dealer."""
        return self.user.api.of(self.dealer.dealer)

    @property
    def path(self) -> str:
        """The address of its cases."""
        return f"/dealers/{self.dealer.dealer}/cases"

    async def choices(self) -> Choices:
        """The choices for the fields of its cases."""
        return await self.user.context.choices.of(self.dealer.dealer, self.api)


async def find_user(request: Request) -> CurrentUser | None:
    """The current user, if somebody is signed in; found once per request."""
    if not hasattr(request.state, "user"):
        request.state.user = await _find(request)
    user: CurrentUser | None = request.state.user
    return user


async def _find(request: Request) -> CurrentUser | None:
    context = context_of(request)
    secret = context.cookies.session(request)
    if secret is None:
        return None
    sessions: KeepingSession = context.sessions
    try:
        session = await sessions.find(secret, used=by_user(request))
    except SessionEnded:
        return None
    rights = rights_in(session.tokens.access_token, context.settings)
    return CurrentUser(secret, session, context, rights, preferences_of(request).accepts)


async def signed_in(request: Request) -> CurrentUser:
    """FastAPI dependency: the current user; raises SignInNeeded."""
    # First of all: whatever fails later, the page for it gives the form back.
    fields = await fields_of(request) if request.method == "POST" else None
    user = await find_user(request)
    if user is None:
        raise SignInNeeded(fields)
    return user


async def for_dealer(request: Request, dealer: str, user: Annotated[CurrentUser, Depends(signed_in)]) -> CurrentDealer:
    """FastAPI dependency: the dealer in the path; 404 if the user may not act for it."""
    dealers = await user.dealers()
    if dealer not in {one.dealer for one in dealers}:
        dealers = await user.ask_for_dealers()
    found = next((one for one in dealers if one.dealer == dealer), None)
    if found is None:
        raise HTTPException(404)
    request.state.current_dealer = CurrentDealer(user, found, dealers)
    at: CurrentDealer = request.state.current_dealer
    return at


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a form, with Unix line ends, read once; raises 413 if one is too long."""
    if not hasattr(request.state, "sent"):
        request.state.sent = await _read(request)
    return dict(request.state.sent)


async def _read(request: Request) -> dict[str, str]:
    form = await request.form(max_fields=_MOST_FIELDS, max_files=0)
    fields = {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}
    if any(len(value) > _LONGEST_FIELD for value in fields.values()):
        raise HTTPException(413)
    return fields


async def posted(request: Request, user: Annotated[CurrentUser, Depends(signed_in)]) -> dict[str, str]:
    """FastAPI dependency: the fields of a form of this session; raises ForgedForm."""
    fields = await fields_of(request)
    token = fields.pop("token", "")
    if not user.secret.wrote(token):
        raise ForgedForm(fields, from_us=form_key_id(token) is not None)
    request.state.kept = fields.pop("kept", "")
    return fields


SignedIn = Annotated[CurrentUser, Depends(signed_in)]
ForDealer = Annotated[CurrentDealer, Depends(for_dealer)]
Posted = Annotated[dict[str, str], Depends(posted)]
