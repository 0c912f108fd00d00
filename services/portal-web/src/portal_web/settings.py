"""portal-web's settings, from the environment."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from case_shared.process.settings import DatabaseSettings, OidcSettings, Port, ServiceSettings
from case_shared.web.limits import PerMinute

_ADDRESS = r"^https?://[^/?#]+$"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Settings(ServiceSettings, DatabaseSettings, OidcSettings):
    """What `portal-web serve` needs."""

    port: Port = Field(default=8080, description="The port to listen on.")
    public_url: str = Field(
        pattern=_ADDRESS,
        description="The portal's address, as browsers see it: scheme, host and port, without a path.",
    )
    case_api_url: str = Field(pattern="^https?://", description="The address of case-api.")
    d365_sync_url: str | None = Field(
        default=None,
        pattern="^https?://",
        description="The address of d365-sync, for the operator console. Without it, the portal has no console.",
    )
    oidc_client_id: str = Field(default="portal-web", description="The portal's client ID at the provider.")
    oidc_client_secret: SecretStr | None = Field(
        default=None,
        description="The secret of that client. Without it, the portal is a public client, with PKCE only.",
    )
    oidc_scopes: str = Field(
        default="openid profile offline_access cases:read cases:write cases:submit documents:read documents:write "
        "audit:read",
        description="The scopes that the portal requests, separated by spaces, with the provider's names.",
    )
    rate_limit_user_per_minute: PerMinute = Field(
        default=600, description="Page requests of one user that one replica accepts; 0 means no limit."
    )
    rate_limit_address_per_minute: PerMinute = Field(
        default=300,
        description="Page requests of one address without a sign-in that one replica accepts (see TRUSTED_PROXIES); 0 "
        "means no limit.",
    )
    live_pages_per_user: Annotated[int, Field(ge=1)] = Field(
        default=20,
        description="Pages of one user that show changes at once. Further pages ask for changes from time to time.",
    )
    live_pages_per_dealer: Annotated[int, Field(ge=1)] = Field(
        default=100, description="Pages of one dealer that show changes at once."
    )
    session_hours: Annotated[float, Field(gt=0, le=720)] = Field(default=12, description="How long a sign-in is valid.")
    session_idle_minutes: Annotated[float, Field(gt=0, le=43_200)] = Field(
        default=240,
        description="How long a user may do nothing before the session ends. Live updates do not count as activity.",
    )
    step_up_minutes: Annotated[float, Field(gt=0, le=1440)] | None = Field(
        default=None,
        description="How recently operators must have signed in for actions that cannot be undone. Default: no limit.",
    )

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS; then cookies are sent only by TLS."""
        return self.public_url.startswith("https://")

    @model_validator(mode="after")
    def _cookies_need_tls(self) -> Self:
        if not self.secure and urlsplit(self.public_url).hostname not in _LOOPBACK:
            raise ValueError("PUBLIC_URL: use https, because session cookies need it; http is only for this machine")
        return self
