import os
from pathlib import Path

import pytest

from casebridge import lock
from casebridge.errors import UsageError


def test_a_second_process_is_refused_and_learns_who_has_the_lock(tmp_path: Path) -> None:
    with lock.exclusive(tmp_path), pytest.raises(UsageError, match=str(os.getpid())), lock.exclusive(tmp_path):
        pass


def test_a_lock_that_nobody_has_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / lock.LOCK_NAME).write_text("1")
    with lock.exclusive(tmp_path):
        assert (tmp_path / lock.LOCK_NAME).read_text() == str(os.getpid())


def test_new_folder_is_marked_and_accepted_again(tmp_path: Path) -> None:
    with lock.exclusive(tmp_path):
        lock.check_layout(tmp_path)
        lock.check_layout(tmp_path)
    assert (tmp_path / lock.VERSION_NAME).exists()


@pytest.mark.parametrize("content", ['{"layout": 2, "postgres": 18}', '{"layout": 1, "postgres": 17}', "not JSON", ""])
def test_folder_of_another_version_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / lock.VERSION_NAME).write_text(content)
    with pytest.raises(UsageError, match="another version"):
        lock.check_layout(tmp_path)


def test_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(UsageError, match="choose another folder"):
        lock.check_layout(tmp_path)
