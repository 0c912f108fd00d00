"""What the development identity provider is told."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class OidcProviderSettings(BaseSettings):
    """Read from the environment, by the names of its fields."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    oidc_host: str = Field(default="127.0.0.1", description="address to listen on")
    oidc_port: Annotated[int, Field(ge=1, le=65535)] = 8090
    oidc_issuer: str = Field(pattern="^https?://[^/]+$", description="its own address, as its clients see it")
    oidc_audience: str = "casebridge"
    oidc_data_dir: Path = Field(description="folder that keeps the signing key")
    oidc_token_minutes: Annotated[int, Field(ge=1)] = 60
    oidc_public_clients: str = Field(default="portal-web", description="client ids, comma-separated; all use PKCE")
    oidc_redirect_uris: str = Field(default="", description="allowed beside any loopback address, comma-separated")
    oidc_tools_secret: SecretStr | None = Field(
        default=None, description="secret of client `tools` (client_credentials)"
    )
