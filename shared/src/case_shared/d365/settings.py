"""Which D365 environment this is, what it calls things, and how patient we are with it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from case_shared.d365.errors import MappingError
from case_shared.d365.mapping import Mapping, load_mapping


class D365Settings(BaseSettings):
    """Which D365 environment this is, and how patient we are with it."""

    d365_url: str = Field(pattern="^https?://", description="the environment's root")
    d365_token_url: str | None = Field(
        default=None, description="token endpoint; default: D365_URL's own, for the sandbox"
    )
    d365_client_id: str = Field(min_length=1)
    d365_client_secret: str = Field(min_length=1, repr=False)
    d365_mapping: str | None = Field(default=None, description="path of a TOML file; none: the defaults")
    d365_timeout_seconds: Annotated[float, Field(gt=0)] = 30
    d365_category_types: str | None = Field(default=None, description="comma-separated; none: all but HR and audit")

    @field_validator("d365_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("d365_mapping")
    @classmethod
    def _usable(cls, value: str | None) -> str | None:
        try:
            load_mapping(Path(value) if value else None)
        except MappingError as error:
            raise ValueError(str(error)) from error
        return value

    @property
    def mapping(self) -> Mapping:
        """What D365 calls its entity sets and fields; read from the file at each call."""
        return load_mapping(Path(self.d365_mapping) if self.d365_mapping else None)

    @property
    def token_url(self) -> str:
        """Where access tokens for D365 come from."""
        return self.d365_token_url or f"{self.d365_url}/oauth2/v2.0/token"
