"""What the routes work with; the wiring puts it into the application's state."""

from dataclasses import dataclass

import httpx2
from fastapi import Request

from case_shared.clock import Clock
from portal_web.app.choices import KnowingChoices
from portal_web.app.keep_session import KeepingSession
from portal_web.app.ports import SessionStore
from portal_web.app.sign_in import SigningIn
from portal_web.settings import Settings
from portal_web.web.cookies import Cookies


@dataclass(frozen=True)
class Context:
    """Use cases and clients of this process."""

    settings: Settings
    http: httpx2.AsyncClient
    sessions: KeepingSession
    signing_in: SigningIn
    store: SessionStore
    choices: KnowingChoices
    cookies: Cookies
    clock: Clock


def context_of(request: Request) -> Context:
    """The context of the application that answers `request`."""
    context: Context = request.app.state.context
    return context
