"""Whose a case of D365 was when its text was first seen: what the gate asks before a dealer reads it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from case_shared.d365.gate import Party, Written
from case_shared.d365.models import D365Case
from status_sync.domain.placement import KnownCase


@dataclass(frozen=True, slots=True)
class SeenText:
    """A text by its digest, and whose the record was when it was first seen there."""

    digest: bytes
    written: Written

    @classmethod
    def first_seen(cls, found: D365Case, before: Sequence["SeenText"], rows: Sequence[KnownCase]) -> "SeenText | None":
        """Whose the text of `found` is; None for an empty one, which nobody wrote.

        `before` is what was seen in the record earlier, also under another number: a text comes back where somebody
        undoes a change, or D365 is restored. `rows` are rows that had the record, for their dealers' own words went
        with it.
        """
        if not found.description:
            return None
        digest = digest_of(found.description)
        if known := next((one for one in before if one.digest == digest), None):
            return known
        for row in rows:
            if found.description in (row.description, row.d365_description):
                return cls(digest, Written(row.party, row.category_type))
        return cls(digest, Written(Party.of(found), found.category_type))


def digest_of(text: str) -> bytes:
    """A digest, so that texts that nobody here may read are not kept."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
