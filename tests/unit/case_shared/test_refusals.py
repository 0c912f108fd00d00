"""Which errors of Kafka are about a record, and which are about the machines."""

import pytest
from aiokafka.errors import InvalidTimestampError, KafkaTimeoutError, MessageSizeTooLargeError, RecordTooLargeError

from case_shared.kafka.producing import is_refusal


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (RecordTooLargeError(), True),
        (MessageSizeTooLargeError(), True),
        # A clock that is wrong by an hour; records have no time of their own.
        (InvalidTimestampError(), False),
        (KafkaTimeoutError(), False),
    ],
)
def test_only_what_the_same_record_would_meet_again_is_a_refusal(error: Exception, refused: bool) -> None:
    assert is_refusal(error) is refused
