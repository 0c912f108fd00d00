from hypothesis import given
from hypothesis import strategies as st

from case_shared.words.identifiers import derived_web_case_id, is_web_case_id, new_web_case_id

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_new_id_has_ten_characters_and_no_dash() -> None:
    drawn = {new_web_case_id() for _ in range(200)}
    assert len(drawn) == 200
    assert all(len(one) == 10 and one.startswith("W") and is_web_case_id(one) for one in drawn)


@given(place=st.integers(min_value=1, max_value=9), character=st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(place: int, character: str) -> None:
    right = derived_web_case_id("usmf", "C-1")
    wrong = right[:place] + character + right[place + 1 :]
    assert is_web_case_id(wrong) == (wrong == right)


def test_a_case_born_in_d365_has_always_the_same_id() -> None:
    assert derived_web_case_id("USMF", "000123") == derived_web_case_id("usmf", "000123")
    assert derived_web_case_id("usmf", "000123") != derived_web_case_id("demf", "000123")
    assert derived_web_case_id("usmf", "000123") != derived_web_case_id("usmf", "000123", attempt=1)
