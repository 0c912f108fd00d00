from portal_web.domain.secret import Secret


def test_what_one_secret_seals_no_other_opens() -> None:
    mine, other = Secret.new(), Secret.new()
    sealed = mine.seal(b"a refresh token")
    assert mine.open(sealed) == b"a refresh token"
    assert other.open(sealed) is None
    assert b"refresh" not in sealed
    assert mine.id != other.id


def test_what_was_tampered_with_does_not_open() -> None:
    secret = Secret.new()
    sealed = bytearray(secret.seal(b"x"))
    sealed[-1] ^= 1
    assert secret.open(bytes(sealed)) is None


def test_a_form_s_token_differs_in_each_page_and_belongs_to_one_session() -> None:
    secret = Secret.new()
    first, second = secret.form_token(), secret.form_token()
    assert first != second
    assert secret.wrote(first)
    assert secret.wrote(second)
    assert not Secret.new().wrote(first)


def test_what_is_no_token_is_refused() -> None:
    secret = Secret.new()
    for text in ("", "AAAA", "not base64 ü", secret.form_token()[:-8], "A" * 88):
        assert not secret.wrote(text)
