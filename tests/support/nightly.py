"""What takes long and proves little that is new runs at night only (marker `nightly`)."""

from typing import Any

import pytest


def at_night(*variants: Any) -> list[Any]:
    """These parameters of a test; the others show the same by day."""
    return [pytest.param(one, marks=pytest.mark.nightly) for one in variants]
