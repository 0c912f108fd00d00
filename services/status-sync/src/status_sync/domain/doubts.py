"""What makes D365 look like another environment than before."""

from enum import StrEnum


class Doubt(StrEnum):
    """Why it may be another one."""

    FOREIGN = "foreign"  # cases of another Casebridge stand under our Case IDs
    NOTHING_SHOWN = "nothing_shown"  # none of the cases is there that it has shown before
