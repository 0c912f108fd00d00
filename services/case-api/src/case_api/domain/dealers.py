"""The dealers that there are, and what of D365's lists they may use."""

from dataclasses import dataclass
from typing import Self

# D365 keeps cases of its own staff in the same table; dealers never see their categories (DESIGN section 7).
HIDDEN_BY_DEFAULT = ("HumanResources", "FMLA", "Audit")


@dataclass(frozen=True, slots=True)
class Dealer:
    """A dealer of the registry; `dealer` is the slug."""

    dealer: str
    data_area_id: str
    customer_account: str
    name: str | None
    active: bool


@dataclass(frozen=True, slots=True)
class CategoryTypes:
    """Which category types dealers may use: those `allowed` (None: all) but never those `hidden`."""

    allowed: tuple[str, ...] | None
    hidden: tuple[str, ...]

    @classmethod
    def parse(cls, setting: str | None) -> Self:
        """Read `D365_CATEGORY_TYPES`: names separated by commas; None or empty: all but HR and audit."""
        names = tuple(name.strip() for name in (setting or "").split(",") if name.strip())
        return cls(names, ()) if names else cls(None, HIDDEN_BY_DEFAULT)
