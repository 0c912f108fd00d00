"""Draws Web Case IDs for rows that a test inserts directly."""

from case_shared.words.identifiers import new_web_case_id


def draw(count: int) -> list[str]:
    """`count` different Web Case IDs; of a hundred thousand drawn at random, two are equal once in two hundred runs."""
    drawn: set[str] = set()
    while len(drawn) < count:
        drawn.add(new_web_case_id())
    return list(drawn)
