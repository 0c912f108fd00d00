"""The dealers of the registry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dealer:
    """A dealer of the registry; `dealer` is the slug."""

    dealer: str
    data_area_id: str
    customer_account: str
    name: str | None
    active: bool
