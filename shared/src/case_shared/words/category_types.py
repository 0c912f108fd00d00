"""Which category types dealers may see: D365 keeps cases of its own staff in the same table (docs/d365.md#cases)."""

from dataclasses import dataclass
from typing import Self

HIDDEN_BY_DEFAULT = ("HumanResources", "FMLA", "Audit")


@dataclass(frozen=True, slots=True)
class CategoryTypes:
    """The types of `D365_CATEGORY_TYPES`: the `allowed` ones (None: all), but never the `hidden` ones."""

    allowed: tuple[str, ...] | None
    hidden: tuple[str, ...]

    @classmethod
    def parse(cls, setting: str | None) -> Self:
        """Read the setting: names separated by commas; None or empty means all but HR and audit."""
        names = tuple(name.strip() for name in (setting or "").split(",") if name.strip())
        return cls(names, ()) if names else cls(None, HIDDEN_BY_DEFAULT)

    @property
    def lowered(self) -> tuple[list[str] | None, list[str]]:
        """The allowed and the hidden ones in lower case, as statements compare them."""
        allowed = None if self.allowed is None else [one.lower() for one in self.allowed]
        return allowed, [one.lower() for one in self.hidden]

    def allow(self, category_type: str | None) -> bool:
        """Whether dealers see cases of this type. An unknown one might be anything."""
        return bool(category_type) and not self.hide(category_type)

    def hide(self, category_type: str | None) -> bool:
        """Whether the type is known and hidden from dealers; symbols compare without case."""
        if not category_type:
            return False
        if self.allowed is not None:
            return not _among(category_type, self.allowed)
        return _among(category_type, self.hidden)


def _among(symbol: str, symbols: tuple[str, ...]) -> bool:
    return symbol.casefold() in {one.casefold() for one in symbols}
