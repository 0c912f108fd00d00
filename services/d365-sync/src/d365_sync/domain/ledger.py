"""The ledger: does every submission have its place? (docs/design.md#does-everything-add-up)"""

from collections.abc import Mapping

# Anything younger may still be on its way from one service to the next.
JUDGED_SECONDS = 300.0
PLACES = ("no_document", "open", "delivered", "failed", "returned", "discarded")
MUST_BE_ZERO = ("no_document", "without_submission", "without_case_id")


def adds_up(counts: Mapping[str, int]) -> bool:
    """Whether the places add up to the submissions, and every count that must be zero is."""
    placed = sum(counts[place] for place in PLACES)
    return placed == counts["submissions"] and not any(counts[name] for name in MUST_BE_ZERO)
