"""The settings of the development identity provider."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from case_shared.process.secret_files import SecretFileSettings


class OidcProviderSettings(SecretFileSettings):
    """Read from the environment, by the names of its fields."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    oidc_host: str = Field(default="127.0.0.1", description="The address to listen on.")
    oidc_port: Annotated[int, Field(ge=1, le=65535)] = Field(default=8090, description="The port to listen on.")
    oidc_issuer: str = Field(pattern="^https?://[^/]+$", description="The provider's address, as its clients see it.")
    oidc_audience: str = Field(default="casebridge", description="The value of `aud` in its tokens.")
    oidc_data_dir: Path = Field(description="The folder with the signing key.")
    oidc_token_minutes: Annotated[int, Field(ge=1)] = Field(
        default=60, description="How long an access token is valid."
    )
    oidc_public_clients: str = Field(
        default="portal-web",
        description="The IDs of clients without a secret, separated by commas. All of them use PKCE.",
    )
    oidc_redirect_uris: str = Field(
        default="",
        description="The redirect URIs that are allowed in addition to loopback addresses, separated by commas.",
    )
    oidc_tools_secret: SecretStr | None = Field(
        default=None, description="The secret of the client `tools`, which gets its tokens by client_credentials."
    )
