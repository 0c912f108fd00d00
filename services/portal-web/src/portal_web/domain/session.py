"""Who is signed in, and what is remembered between two requests of theirs."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

RENEW_BEFORE = timedelta(seconds=60)


class Kept(BaseModel):
    """Base: frozen, stored as JSON."""

    model_config = ConfigDict(frozen=True)


class Tokens(Kept):
    """What the provider gave for the user; `scopes` as it calls them: what a renewal asks for, not what one may do."""

    access_token: str = Field(repr=False)
    refresh_token: str | None = Field(repr=False)
    id_token: str | None = Field(repr=False)
    expires_at: AwareDatetime
    scopes: frozenset[str]


class Dealer(Kept):
    """A dealer that the user may act for."""

    dealer: str
    name: str | None

    @property
    def label(self) -> str:
        """How it is called on pages."""
        return self.name or self.dealer


class Session(Kept):
    """A signed-in browser; `dealers` are those of the access token, None while case-api has not told them."""

    subject: str
    username: str
    tokens: Tokens
    dealers: tuple[Dealer, ...] | None = None

    def due(self, now: datetime) -> bool:
        """Whether the access token should be renewed before it is used."""
        return now >= self.tokens.expires_at - RENEW_BEFORE

    def usable(self, now: datetime) -> bool:
        """Whether the access token still works."""
        return now < self.tokens.expires_at


class KeptForm(Kept):
    """A form whose session had ended when it was sent: it comes back on its page, to its author."""

    author: str
    page: str
    fields: dict[str, str]


class KeptKey(Kept):
    """Where a kept form is found: `reference` names it in addresses, `secret` opens it."""

    reference: str
    secret: str = Field(repr=False)


class SignIn(Kept):
    """A sign-in under way, in a cookie of its own: what the provider must give back, and where the user goes then."""

    state: str
    nonce: str
    code_verifier: str = Field(repr=False)
    return_to: str
    form: KeptKey | None = None
