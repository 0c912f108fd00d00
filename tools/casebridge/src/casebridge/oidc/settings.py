"""What the development identity provider is told."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class OidcProviderSettings(BaseSettings):
    """Read from the environment; every name has the prefix `OIDC_`."""

    model_config = SettingsConfigDict(env_prefix="OIDC_", frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: Annotated[int, Field(ge=1, le=65535)] = 8090
    issuer: str = Field(pattern="^https?://[^/]+$", description="its own address, as its clients see it")
    audience: str = "casebridge"
    data_dir: Path = Field(description="folder that keeps the signing key")
    token_minutes: Annotated[int, Field(ge=1)] = 60
    public_clients: str = Field(default="portal-web", description="client ids, comma-separated; all use PKCE")
    redirect_uris: str = Field(default="", description="allowed beside any loopback address, comma-separated")
    tools_secret: SecretStr | None = Field(default=None, description="secret of client `tools` (client_credentials)")
