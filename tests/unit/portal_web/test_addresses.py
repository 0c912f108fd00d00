"""To which addresses a browser may be sent back."""

import pytest

from portal_web.web.addresses import local_path


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
        "/\r\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil.example", "/\x00/evil.example",
        "/%09/evil.example", "/%5Cevil.example", "/%2F/evil.example", "/%2fevil.example", "/%25%32%46evil.example",
        "/%2509/evil.example", "/x//evil.example", "/x\\evil", "/x\x85y", "/x\u2028y", "https://evil.example",
        "https:/evil.example", "javascript:alert(1)", "evil.example", "", None, "/" + "x" * 3000, "/\ud800",
        "/%25252525252F",
    ],
)  # fmt: skip
def test_what_is_no_path_of_ours_leads_home(address: str | None) -> None:
    assert local_path(address) == "/"


@pytest.mark.parametrize(
    "address",
    [
        "/", "/preferences", "/dealers/usmf-us-001/cases?q=a%2Fb&status=draft,open", "/dealers/a%20b/cases",
        "/x?q=https://other.example//y", "/x?q=%0A%5C", "/dealers/ü/cases", "/console/replays/1#notes",
    ],
)  # fmt: skip
def test_a_path_of_ours_stays_as_it_is(address: str) -> None:
    assert local_path(address) == address
