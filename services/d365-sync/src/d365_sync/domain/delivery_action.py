"""What operators can do with delivery as a whole."""

from enum import StrEnum


class DeliveryAction(StrEnum):
    """The audit records each."""

    PAUSE = "pause"
    RESUME = "resume"
    ADOPT_ENVIRONMENT = "adopt_environment"
    RESTORE = "restore"
    LET_CONSUMER_THROUGH = "let_consumer_through"
    READ_ALL_AGAIN = "read_all_again"
