"""When a due read that found nothing, or failed, is tried again."""

from datetime import timedelta

from status_sync.domain.due_reads import retry_after_failure, retry_after_miss


def test_the_wait_doubles_and_ends() -> None:
    waits = [retry_after_miss(misses) for misses in range(1, 8)]
    assert waits == [*(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 16, 32)), None]


def test_what_d365_cannot_write_is_tried_ever_more_rarely() -> None:
    waits = [retry_after_failure(failures) for failures in (0, 1, 2, 9, 100)]
    assert waits == [*(timedelta(seconds=seconds) for seconds in (5, 10, 20, 2560)), timedelta(hours=1)]
