"""Who owned a case of D365 when its text was first seen: the gate asks this before a dealer reads the text."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from case_shared.d365.gate import Party, Written
from case_shared.d365.matching import same_or_shortened
from case_shared.d365.models import D365Case
from status_sync.domain.placement import KnownCase


@dataclass(frozen=True, slots=True)
class SeenText:
    """A text by its digest, and who owned the record when the text was first seen there."""

    digest: bytes
    written: Written

    @classmethod
    def first_seen(cls, found: D365Case, before: Sequence["SeenText"], rows: Sequence[KnownCase]) -> "SeenText | None":
        """Return the text of `found` with its owner; None for an empty one, which nobody wrote.

        `before` was seen in the record earlier, also under another number: a text comes back if somebody undoes a
        change, or D365 is restored. `rows` had the record before, and their dealers' own words stayed in it, perhaps
        shortened or with other line ends.
        """
        if not found.description:
            return None
        digest = digest_of(found.description)
        if known := next((one for one in before if one.digest == digest), None):
            return known
        for row in rows:
            if any(
                own and same_or_shortened(found.description, own) for own in (row.description, row.d365_description)
            ):
                return cls(digest, Written(row.party, row.category_type))
        return cls(digest, Written(Party.of(found), found.category_type))


def digest_of(text: str) -> bytes:
    """Return a digest, so that texts that nobody here may read are not kept."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
