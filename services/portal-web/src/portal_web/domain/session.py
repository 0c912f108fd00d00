"""Who is signed in, and what is stored between two of their requests."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

RENEW_BEFORE = timedelta(seconds=60)
_NEW = timedelta(seconds=60)


class Kept(BaseModel):
    """Base: frozen, stored as JSON."""

    model_config = ConfigDict(frozen=True)


class Tokens(Kept):
    """The provider's tokens for a user; `scopes`, in its words, are for renewals and say nothing about rights."""

    access_token: str = Field(repr=False)
    refresh_token: str | None = Field(repr=False)
    id_token: str | None = Field(repr=False)
    expires_at: AwareDatetime
    scopes: frozenset[str]
    issued_at: AwareDatetime | None = None


class Dealer(Kept):
    """A dealer that the user may act for."""

    dealer: str
    name: str | None

    @property
    def label(self) -> str:
        """Its name on pages."""
        return self.name or self.dealer


class Session(Kept):
    """A signed-in browser; `dealers` are those of the access token, None while case-api has not returned them.

    `signed_in_at`: when the user last proved to be there, as the provider says; None where it does not.
    """

    subject: str
    username: str
    tokens: Tokens
    signed_in_at: AwareDatetime | None = None
    dealers: tuple[Dealer, ...] | None = None

    def due(self, now: datetime) -> bool:
        """Whether the access token should be renewed before it is used; not before half of its life is over."""
        ends, issued = self.tokens.expires_at, self.tokens.issued_at
        return now >= ends - (min(RENEW_BEFORE, (ends - issued) / 2) if issued else RENEW_BEFORE)

    def just_issued(self, now: datetime) -> bool:
        """Whether the access token is so new that another sign-in would give no better one."""
        return self.tokens.issued_at is not None and now - self.tokens.issued_at < _NEW

    def usable(self, now: datetime) -> bool:
        """Whether the access token still works."""
        return now < self.tokens.expires_at


class KeptForm(Kept):
    """A form that could not be processed when it was sent: it comes back on its page, to its author."""

    author: str
    page: str
    fields: dict[str, str]


class KeptKey(Kept):
    """The key of a kept form: `reference` names it in addresses, `secret` opens it."""

    reference: str
    secret: str = Field(repr=False)


class SignIn(Kept):
    """A sign-in under way, in a cookie of its own: what the provider must return, and where the user goes then."""

    state: str
    nonce: str
    code_verifier: str = Field(repr=False)
    return_to: str
    form: KeptKey | None = None
    # The user must have proved to be there no longer ago than this, for what cannot be undone.
    max_age_seconds: int | None = None
