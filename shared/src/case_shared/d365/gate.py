"""The one gate between D365's texts and dealers.

A dealer reads a D365 record only while it belongs to the dealer's legal entity and customer account, and to a
category type that dealers see. A text in it is shown only to the dealer who owned the record when the text was first
seen there: a record that changes owners still has texts written for somebody else.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

from case_shared.d365.matching import same_key
from case_shared.d365.models import D365Case
from case_shared.words.category_types import CategoryTypes


class Party(NamedTuple):
    """A dealer as D365 knows it: a customer account of a legal entity."""

    data_area_id: str
    customer_account: str

    @classmethod
    def of(cls, found: D365Case) -> Self:
        """Return the party that a record belongs to."""
        return cls(found.data_area_id, found.customer_account or "")

    def is_same(self, other: "Party") -> bool:
        """Whether it is the same customer; keys compare as D365 compares them."""
        return same_key(self.data_area_id, other.data_area_id) and same_key(
            self.customer_account, other.customer_account
        )


class Written(NamedTuple):
    """Who owned the record, and its category type, when a text was first seen in it."""

    party: Party
    category_type: str | None


@dataclass(frozen=True)
class Gate:
    """Decides what reaches a dealer; `category_types` are the ones that dealers see."""

    category_types: CategoryTypes

    def lets_through(self, found: D365Case, reader: Party) -> bool:
        """Whether `reader` may read this record now."""
        return reader.is_same(Party.of(found)) and not self.category_types.hide(found.category_type)

    def lets_text_through(self, written: Written, reader: Party) -> bool:
        """Whether `reader`, who may read a record, may read this text in it."""
        return reader.is_same(written.party) and not self.category_types.hide(written.category_type)

    def lists(self, found: D365Case) -> bool:
        """Whether dealers see records of this type that nobody submitted; one without a type might be anything."""
        return self.category_types.allow(found.category_type)
