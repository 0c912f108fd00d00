"""Nothing: 0025 drops what the list needed before 0020, because what contracts comes last in its release."""

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Do nothing. Databases that ran this when it dropped them have nothing left for 0025 to drop."""
