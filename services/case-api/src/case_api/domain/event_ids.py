"""IDs of the live streams' events: how far the topics were read, in a form that every replica understands.

An ID is the next offset of each partition: those of a topic joined by `-`, in the order of their numbers, then the
topics joined by `.`. It is not secret: a stream shows only its own dealer's cases, whatever ID it resumes from.
"""

import re
from collections.abc import Mapping
from itertools import count, takewhile
from typing import NamedTuple

# case.status-changed.v1 and case.delivery.v1, in this order.
TOPICS = 2
_OFFSETS = r"[0-9]{1,18}(?:-[0-9]{1,18}){0,199}"
_ID = re.compile(r"\.".join([_OFFSETS] * TOPICS))


class Partition(NamedTuple):
    """A partition of one of the topics, which are numbered from 0."""

    topic: int
    number: int


Offsets = Mapping[Partition, int]


def event_id(offsets: Offsets) -> str:
    """Return the ID of the place where reading continues at `offsets`; an unknown topic counts as empty."""
    return ".".join("-".join(_of_topic(offsets, topic)) for topic in range(TOPICS))


def _of_topic(offsets: Offsets, topic: int) -> list[str]:
    known = takewhile(offsets.__contains__, (Partition(topic, number) for number in count()))
    return [str(offsets[partition]) for partition in known] or ["0"]


def parse_event_id(text: str) -> dict[Partition, int] | None:
    """Return the offsets that an ID encodes, or None if it is not one of ours."""
    if not _ID.fullmatch(text):
        return None
    return {
        Partition(topic, number): int(offset)
        for topic, offsets in enumerate(text.split("."))
        for number, offset in enumerate(offsets.split("-"))
    }
