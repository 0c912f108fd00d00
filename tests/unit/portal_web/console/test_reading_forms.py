"""What operators type, and what bytes look like."""

from zoneinfo import ZoneInfo

import pytest

from d365_sync.web.requests import PayloadInput
from portal_web.web.console.delivery import in_utc
from portal_web.web.console.editing import flat, lengths, payload_of
from portal_web.web.console.records import dump, header_of


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("2026-11-29T06:00", "2026-11-29T06:00:00+01:00"),
        ("2026-07-01T06:00", "2026-07-01T06:00:00+02:00"),
        ("", None),
        ("soon", "soon"),
    ],
)
def test_times_are_the_operator_s_own(typed: str, sent: str | None) -> None:
    assert in_utc(typed, ZoneInfo("Europe/Berlin")) == sent


def test_a_payload_survives_the_form() -> None:
    payload = {"category": "Warranty", "description": "a\nb", "contact": {"name": "Ann", "phone": None}}

    kept = payload_of(flat(payload))

    assert (kept["category"], kept["description"], kept["notes"]) == ("Warranty", "a\nb", None)
    assert kept["contact"] == {"name": "Ann", "email": None, "phone": None}
    assert payload_of(flat({"category": "A", "contact": None}))["contact"] is None


def test_each_field_may_be_as_long_as_the_api_says() -> None:
    assert lengths(PayloadInput.model_json_schema()) == {
        "category": 120, "category_type": 60, "priority": 60, "description": 4000, "notes": 20000,
        "contact_name": 200, "contact_email": 254, "contact_phone": 50,
    }  # fmt: skip


def test_bytes_are_shown_with_their_place() -> None:
    first, second = dump(bytes(range(65, 91)) + b"\x00").splitlines()

    assert first == "000000  41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50  ABCDEFGHIJKLMNOP"
    assert second.startswith("000010  51 52")
    assert second.endswith("QRSTUVWXYZ.")
    assert dump(b"") == ""


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (["by", "68616e64"], ("by", "hand")),
        (["by", None], ("by", "")),
        (["by", "ff"], ("by", "\ufffd")),
        (["by", "no digits"], ("by", "no digits")),
        (["a\ufffd", "68616e64", "6100"], ("a\ufffd = 6100", "hand")),
        (["a", 7, 8, 9], ("['a', 7, 8, 9]", "")),
        ("odd", ("odd", "")),
    ],
)
def test_headers_are_shown_as_text(header: object, shown: tuple[str, str]) -> None:
    assert header_of(header) == shown
