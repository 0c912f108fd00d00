import pytest
from pydantic import ValidationError

from portal_web.settings import Settings


def settings(public_url: str) -> Settings:
    return Settings(
        database_url="postgresql://x",
        oidc_issuer="https://login.example",
        public_url=public_url,
        case_api_url="http://case-api:8000",
    )


def test_cookies_need_tls_but_on_this_machine() -> None:
    assert settings("https://portal.example").secure
    assert not settings("http://127.0.0.1:8080").secure
    with pytest.raises(ValidationError, match="PUBLIC_URL"):
        settings("http://portal.example")


@pytest.mark.parametrize("address", ["https://portal.example/", "portal.example", "https://portal.example/path"])
def test_the_public_url_is_an_origin(address: str) -> None:
    with pytest.raises(ValidationError):
        settings(address)
