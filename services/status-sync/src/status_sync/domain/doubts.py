"""What makes D365 look like another environment than before."""

from enum import StrEnum


class Doubt(StrEnum):
    """Why it may be another one."""

    FOREIGN = "foreign"  # another Casebridge's cases have our Case IDs
    NOTHING_SHOWN = "nothing_shown"  # none of the cases that it has shown before is there
