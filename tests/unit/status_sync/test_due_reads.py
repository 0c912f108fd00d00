"""When a due read that found nothing is tried again."""

from datetime import timedelta

from status_sync.domain.due_reads import retry_after_miss


def test_the_wait_doubles_and_ends() -> None:
    waits = [retry_after_miss(misses) for misses in range(1, 8)]
    assert waits == [*(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 16, 32)), None]
