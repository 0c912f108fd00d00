from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from casebridge.oidc.keys import create_key
from casebridge.passwords import password


def test_password_is_the_same_at_every_start_and_differs_by_name_and_folder(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert password(one, "case_api") == password(one, "case_api")
    assert len({password(one, "case_api"), password(one, "d365_sync"), password(other, "case_api")}) == 3


def test_all_parts_that_start_at_once_get_the_same_password(tmp_path: Path) -> None:
    """At the first start PostgreSQL, Kafka and the identity provider ask at the same moment."""
    together = Barrier(3)

    def ask(folder: Path) -> str:
        together.wait()
        return password(folder, "case_api")

    with ThreadPoolExecutor(3) as parts:
        for number in range(50):
            assert len(set(parts.map(ask, [tmp_path / str(number)] * 3))) == 1


def test_all_who_ask_for_the_key_at_once_get_the_same_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as providers:
        assert len({key.kid for key in providers.map(create_key, [tmp_path] * 3)}) == 1
