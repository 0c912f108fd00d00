"""The base of the models generated from the APIs' OpenAPI documents: they accept what a newer API adds."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict


class ApiModel(BaseModel):
    """An answer of an API: frozen; ignores unknown fields."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ApiEnum(StrEnum):
    """Codes of an API; an unknown one becomes a member of its own, named by its value."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = unknown._value_ = value
        return unknown
