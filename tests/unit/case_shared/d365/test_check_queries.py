from datetime import UTC, datetime

import pytest

from case_shared.d365.check.queries import in_order
from case_shared.d365.models import ModifiedKey

SECOND = datetime(2026, 11, 23, 10, tzinfo=UTC)
FRACTION = SECOND.replace(microsecond=123456)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param([], True, id="no case"),
        pytest.param([(SECOND, 2), (SECOND, 3), (FRACTION, 1)], True, id="by time and RecId"),
        pytest.param([(FRACTION, 3), (FRACTION, 2)], True, id="a seventh digit may stand before the RecId"),
        pytest.param([(SECOND, 3), (SECOND, 2)], False, id="the RecId is ignored"),
        pytest.param([(FRACTION, 1), (SECOND, 2)], False, id="the time is ignored"),
        pytest.param([(FRACTION, 1), (FRACTION, 1)], False, id="the filter is ignored"),
        pytest.param([(FRACTION, 2), (FRACTION, 1), (FRACTION, 2)], False, id="a page comes again"),
    ],
)
def test_the_order_that_the_poll_needs(keys: list[tuple[datetime, int]], expected: bool) -> None:
    assert in_order([ModifiedKey(*key) for key in keys]) is expected
