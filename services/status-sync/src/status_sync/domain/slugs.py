"""A dealer's slug: its name in addresses, assigned when it is first seen and never changed."""

import re
from collections.abc import Container
from itertools import count

_MAX_CHARACTERS = 90  # leaves room for a number; a slug has 100 at most


def base_slug(data_area_id: str, customer_account: str) -> str:
    """Return the slug of (USMF, US-001) if it is free: `usmf-us-001`."""
    text = re.sub(r"[^a-z0-9]+", "-", f"{data_area_id}-{customer_account}".lower()).strip("-")
    return text[:_MAX_CHARACTERS].rstrip("-") or "dealer"


def slug_for(data_area_id: str, customer_account: str, taken: Container[str]) -> str:
    """Return `usmf-us-001` for (USMF, US-001); numbered from 2 if it is taken."""
    base = base_slug(data_area_id, customer_account)
    candidates = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(slug for slug in candidates if slug not in taken)
