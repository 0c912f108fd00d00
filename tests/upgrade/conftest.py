"""The release to upgrade from, for the session."""

import os

import pytest

from tests.chaos.replicas import Release
from tests.upgrade import release


@pytest.fixture(scope="session")
def last_release() -> Release:
    """The one that `make upgrade` names, ready to run."""
    ref = os.environ.get("LAST_RELEASE")
    if not ref:
        pytest.skip("LAST_RELEASE names no release: run `make upgrade`")
    return release.made(ref)
