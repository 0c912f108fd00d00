"""portal-web's settings, from the environment."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from case_shared.settings import DatabaseSettings, OidcSettings, Port, ServiceSettings

_ADDRESS = r"^https?://[^/?#]+$"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Settings(ServiceSettings, DatabaseSettings, OidcSettings):
    """What `portal-web serve` needs."""

    port: Port = 8080
    public_url: str = Field(pattern=_ADDRESS, description="its own address, as browsers see it: scheme, host and port")
    case_api_url: str = Field(pattern="^https?://", description="where case-api is")
    d365_sync_url: str | None = Field(default=None, pattern="^https?://", description="where the operators' API is")
    oidc_client_id: str = "portal-web"
    oidc_client_secret: SecretStr | None = Field(default=None, description="none: a public client, with PKCE alone")
    oidc_scopes: str = (
        "openid profile offline_access cases:read cases:write cases:submit documents:read documents:write audit:read"
    )
    session_hours: Annotated[float, Field(gt=0, le=720)] = 12

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS; cookies are then bound to that."""
        return self.public_url.startswith("https://")

    @model_validator(mode="after")
    def _cookies_need_tls(self) -> Self:
        if not self.secure and urlsplit(self.public_url).hostname not in _LOOPBACK:
            raise ValueError("PUBLIC_URL: session cookies are sent by https only; http is for this machine alone")
        return self
