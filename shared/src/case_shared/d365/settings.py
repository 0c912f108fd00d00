"""Which D365 environment this is, its names for things, and how patient we are with it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from case_shared.d365.errors import MappingError
from case_shared.d365.mapping import Mapping, load_mapping
from case_shared.d365.sign_in_settings import SignInSettings


class D365Settings(SignInSettings):
    """Which D365 environment this is, how we sign in there, and how patient we are with it."""

    d365_mapping: str | None = Field(
        default=None,
        description="The path of a TOML file that maps D365's names to ours (deploy/mapping.toml). Default: built in.",
    )
    d365_timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        default=30, description="How long to wait for D365's answer to a request."
    )
    d365_category_types: str | None = Field(
        default=None,
        description="The category types of the cases that dealers see, separated by commas. Default: all but HR and "
        "audit.",
    )

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
        """D365's names of its entity sets and fields; read from the file at each call."""
        return load_mapping(Path(self.d365_mapping) if self.d365_mapping else None)
