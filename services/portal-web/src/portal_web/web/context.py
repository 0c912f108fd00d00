"""What the routes need; the wiring puts it into the application's state."""

from dataclasses import dataclass

import httpx2
from fastapi import Request

from case_shared.process.clock import Clock
from case_shared.web.limits import Limit
from portal_web.app.choices import KnowingChoices
from portal_web.app.keep_session import KeepingSession
from portal_web.app.live_hub import LiveHub
from portal_web.app.ports import SessionStore
from portal_web.app.save_new import SavingNew
from portal_web.app.sign_in import SigningIn
from portal_web.clients.rest import Load
from portal_web.settings import Settings
from portal_web.web.cookies import Cookies


@dataclass(frozen=True)
class PageLimits:
    """How often pages may be requested from this process (docs/adr/0014)."""

    of_user: Limit
    of_address: Limit


@dataclass(frozen=True)
class Context:
    """Use cases and clients of this process."""

    settings: Settings
    http: httpx2.AsyncClient
    streams: httpx2.AsyncClient
    load: Load
    live: LiveHub
    limits: PageLimits
    sessions: KeepingSession
    signing_in: SigningIn
    saving_new: SavingNew
    store: SessionStore
    choices: KnowingChoices
    cookies: Cookies
    clock: Clock


def context_of(request: Request) -> Context:
    """The context of the application that answers `request`."""
    context: Context = request.app.state.context
    return context
