"""Other rules than before show dealers other cases, or show cases otherwise, also those that D365 does not change.

A symbol was added to the mapping or corrected there, or a category type: the poll has passed the cases that this
concerns, and comes back to none of them by itself.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Protocol

import structlog

from case_shared.d365.mapping import Mapping
from case_shared.words.category_types import CategoryTypes

log = structlog.get_logger(__name__)


class Polls(Protocol):
    """Where the poll's position is kept."""

    async def follow_rules(self, rules: str) -> bool:
        """Make the next poll start from the beginning if the last one read by other rules; return whether it does."""


@dataclass(frozen=True)
class FollowRules:
    """Only a new leader asks: a process that merely starts would leave the reading to one with the rules before.

    Replicas with different settings, as during a rolling restart, have everything read once with each change of leader.
    """

    polls: Polls
    rules: str

    async def handle(self) -> None:
        """Have everything read again, once, if the rules differ from those of the last leader."""
        if await self.polls.follow_rules(self.rules):
            log.warning(
                "all_is_read_again",
                why="the last polls went by another mapping, by other D365_CATEGORY_TYPES, or by an "
                "earlier release, which did not note them",
            )


def rules_of(mapping: Mapping, category_types: CategoryTypes) -> str:
    """Return a digest of what decides which cases a read shows to dealers, and how."""
    allowed, hidden = category_types.lowered
    case = mapping.case.model_dump(mode="json", include={"entity_set", "fields"})
    rules = [case, mapping.status, None if allowed is None else sorted(allowed), sorted(hidden)]
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()
