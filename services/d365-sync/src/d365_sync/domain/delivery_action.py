"""What operators can order of delivery as a whole."""

from enum import StrEnum


class DeliveryAction(StrEnum):
    """Each stands in the audit."""

    PAUSE = "pause"
    RESUME = "resume"
    ADOPT_ENVIRONMENT = "adopt_environment"
    RESTORE = "restore"
    LET_CONSUMER_THROUGH = "let_consumer_through"
