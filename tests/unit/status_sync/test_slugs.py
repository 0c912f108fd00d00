"""Dealers' slugs."""

import re

import pytest

from status_sync.app.sync_dealers import assign_slugs
from status_sync.domain.slugs import slug_for


@pytest.mark.parametrize(
    ("data_area_id", "customer_account", "taken", "slug"),
    [
        ("usmf", "US-001", set(), "usmf-us-001"),
        ("USMF", "us 001/a", set(), "usmf-us-001-a"),
        ("usmf", "US-001", {"usmf-us-001"}, "usmf-us-001-2"),
        ("usmf", "US-001", {"usmf-us-001", "usmf-us-001-2"}, "usmf-us-001-3"),
        ("", "", set(), "dealer"),
        ("demf", "Müller & Söhne", set(), "demf-m-ller-s-hne"),
        ("", "--x", set(), "x"),
    ],
)
def test_slug_for(data_area_id: str, customer_account: str, taken: set[str], slug: str) -> None:
    assert slug_for(data_area_id, customer_account, taken) == slug


def test_a_slug_always_fits() -> None:
    first = slug_for("usmf", "9" * 300, set())
    assert re.fullmatch("[a-z0-9][a-z0-9-]{0,99}", slug_for("usmf", "9" * 300, {first}))


def test_a_slug_is_given_once_and_numbered_on_a_clash() -> None:
    new = [("usmf", "A-1"), ("usmf", "A/1"), ("usmf", "B")]
    given = {one.customer_account: one.dealer for one in assign_slugs(new, {"usmf-a-1"})}
    assert given == {"A-1": "usmf-a-1-2", "A/1": "usmf-a-1-3", "B": "usmf-b"}
