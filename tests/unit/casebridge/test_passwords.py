from pathlib import Path

from casebridge.passwords import password


def test_password_is_the_same_at_every_start_and_differs_by_name_and_folder(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert password(one, "case_api") == password(one, "case_api")
    assert len({password(one, "case_api"), password(one, "d365_sync"), password(other, "case_api")}) == 3
