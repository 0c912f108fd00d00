from pathlib import Path

import pytest

from casebridge import download
from casebridge.errors import OperationFailed


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CASEBRIDGE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_download_that_was_killed_is_repeated_from_the_start(cache: Path) -> None:
    def killed(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download.fetched("thing", killed)
    assert not (cache / "thing").exists()
    fetched = download.fetched("thing", lambda folder: (folder / "whole").touch())
    assert [file.name for file in fetched.iterdir()] == ["whole"]


def test_what_is_there_is_not_fetched_again() -> None:
    def unexpected(_: Path) -> None:
        raise AssertionError("fetched twice")

    first = download.fetched("thing", lambda folder: (folder / "whole").touch())
    assert download.fetched("thing", unexpected) == first


@pytest.mark.parametrize("name", ["kafka_2.13-4.4.0.jar", "a-file-that-is-not-locked.jar"])
def test_file_that_is_not_the_locked_one_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(OperationFailed, match=name):
        download.verify([tmp_path / name])
