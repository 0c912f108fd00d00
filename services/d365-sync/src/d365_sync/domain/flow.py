"""The pipeline at a glance: its stages, and whether all is well."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from d365_sync.domain.breaker import BreakerState

# A full minute is counted once it is over; a rate is that of the last five.
RATE_MINUTES = 5
# Longer than this a stage does not take while all is well (the alerts' own bounds, deploy/prometheus/alerts.yml).
_UNSENT_SECONDS = 60
_KAFKA_SECONDS = 60
_WAITING_SECONDS = 900
_TELLING_SECONDS = 60
_DUE_SECONDS = 300
_POLL_SECONDS = 900


class StageName(StrEnum):
    """Where a submission can be."""

    UNSENT = "unsent"
    KAFKA = "kafka"
    QUEUE = "queue"
    D365 = "d365"
    STATUS = "status"


class Verdict(StrEnum):
    """How it goes, at a glance."""

    WELL = "well"
    ATTENTION = "attention"
    ALARM = "alarm"


class What(StrEnum):
    """What is wrong, or out of the ordinary."""

    ENVIRONMENT_REFUSED = "environment_refused"
    BREAKER_OPEN = "breaker_open"
    PAUSED = "paused"
    MAINTENANCE = "maintenance"
    CONSUMER_PAUSED = "consumer_paused"
    OLD = "old"
    REFUSED_BY_KAFKA = "refused_by_kafka"
    DEAD_LETTERS = "dead_letters"
    UNREADABLE = "unreadable"
    POLL_LATE = "poll_late"


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that a person should know; `count` and `seconds` where they say how much."""

    stage: StageName
    what: What
    verdict: Verdict
    count: int | None = None
    seconds: float | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """How many stand there, the age of the oldest in seconds, how many a minute leave it, and failures.

    `failures` are those of the last hour, each stage's own: records that Kafka refused, unreadable ones, dead letters,
    attempts that did not deliver, and cases that D365 did not show.
    """

    name: StageName
    count: int
    oldest_age_seconds: float | None
    per_minute: float
    failures: int


@dataclass(frozen=True, slots=True)
class Minute:
    """What came into the stages in a minute, and what came of it; `post_seconds` is how long D365 took, on average."""

    minute: datetime
    submitted: int
    taken_in: int
    posts: int
    look_ups: int
    delivered: int
    rejected: int
    unknown: int
    deferred: int
    post_seconds: float | None
    failed: int
    unreadable: int
    told: int


@dataclass(frozen=True, slots=True)
class Now:
    """How much stands where, as counted by `select_flow.sql`; ages in seconds, None where nothing stands there."""

    as_of: datetime
    unsent: int
    unsent_age: float | None
    refused: int
    in_kafka: int
    in_kafka_age: float | None
    queued: int
    queued_age: float | None
    at_d365: int
    at_d365_age: float | None
    failed: int
    failed_age: float | None
    failed_lately: int
    unseen: int
    unreadable_lately: int
    untold: int
    untold_age: float | None
    due: int
    due_age: float | None
    missed: int
    status_unsent: int
    status_unsent_age: float | None
    poll_age: float | None


@dataclass(frozen=True, slots=True)
class Steering:
    """What stands in delivery's way."""

    breaker: BreakerState
    breaker_reason: str | None
    paused: bool
    in_window: bool
    environment_refused: bool
    paused_consumers: int


def stages(now: Now, history: Sequence[Minute]) -> list[Stage]:
    """The five stages, in the order of the flow."""
    full = history[-1 - RATE_MINUTES : -1]

    def rate(name: str) -> float:
        return sum(getattr(minute, name) for minute in full) / len(full) if full else 0.0

    lost = sum(minute.rejected + minute.unknown + minute.deferred for minute in history)
    ages = [age for age in (now.untold_age, now.due_age, now.status_unsent_age) if age is not None]
    behind = now.untold + now.due + now.status_unsent
    return [
        Stage(StageName.UNSENT, now.unsent, now.unsent_age, rate("submitted"), now.refused),
        Stage(StageName.KAFKA, now.in_kafka, now.in_kafka_age, rate("taken_in"), now.unreadable_lately),
        Stage(StageName.QUEUE, now.queued, now.queued_age, rate("posts"), now.failed_lately),
        Stage(StageName.D365, now.at_d365, now.at_d365_age, rate("delivered"), lost),
        Stage(StageName.STATUS, behind, max(ages, default=None), rate("told"), now.missed),
    ]


def concerns(now: Now, steering: Steering) -> list[Concern]:
    """What a person should know, alarms first; nothing where all is well."""
    found = [*_steered(steering), *_old(now, standing_still=steering.paused or steering.in_window), *_left(now)]
    return sorted(found, key=lambda concern: concern.verdict is not Verdict.ALARM)


def verdict(found: Sequence[Concern]) -> Verdict:
    """The worst of them."""
    worst = [level for level in Verdict if any(concern.verdict is level for concern in found)]
    return worst[-1] if worst else Verdict.WELL


def _steered(steering: Steering) -> Iterator[Concern]:
    d365 = StageName.D365
    if steering.environment_refused:
        yield Concern(d365, What.ENVIRONMENT_REFUSED, Verdict.ALARM)
    if steering.breaker is not BreakerState.CLOSED:
        yield Concern(d365, What.BREAKER_OPEN, Verdict.ALARM, detail=steering.breaker_reason)
    if steering.paused_consumers:
        yield Concern(StageName.KAFKA, What.CONSUMER_PAUSED, Verdict.ALARM, count=steering.paused_consumers)
    if steering.paused:
        yield Concern(d365, What.PAUSED, Verdict.ATTENTION)
    if steering.in_window:
        yield Concern(d365, What.MAINTENANCE, Verdict.ATTENTION)


def _old(now: Now, *, standing_still: bool) -> Iterator[Concern]:
    waiting = Verdict.ATTENTION if standing_still else Verdict.ALARM
    for stage, count, age, longest, level in (
        (StageName.UNSENT, now.unsent, now.unsent_age, _UNSENT_SECONDS, Verdict.ALARM),
        (StageName.KAFKA, now.in_kafka, now.in_kafka_age, _KAFKA_SECONDS, Verdict.ALARM),
        (StageName.QUEUE, now.queued, now.queued_age, _WAITING_SECONDS, waiting),
        (StageName.D365, now.at_d365, now.at_d365_age, _WAITING_SECONDS, waiting),
        (StageName.STATUS, now.untold, now.untold_age, _TELLING_SECONDS, Verdict.ALARM),
        (StageName.STATUS, now.status_unsent, now.status_unsent_age, _TELLING_SECONDS, Verdict.ALARM),
        (StageName.STATUS, now.due, now.due_age, _DUE_SECONDS, Verdict.ATTENTION),
    ):
        if age is not None and age > longest:
            yield Concern(stage, What.OLD, level, count=count, seconds=age)


def _left(now: Now) -> Iterator[Concern]:
    if now.refused:
        yield Concern(StageName.UNSENT, What.REFUSED_BY_KAFKA, Verdict.ALARM, count=now.refused)
    if now.failed:
        yield Concern(StageName.QUEUE, What.DEAD_LETTERS, Verdict.ATTENTION, count=now.failed, seconds=now.failed_age)
    if now.unseen:
        yield Concern(StageName.KAFKA, What.UNREADABLE, Verdict.ATTENTION, count=now.unseen)
    if now.poll_age is not None and now.poll_age > _POLL_SECONDS:
        yield Concern(StageName.STATUS, What.POLL_LATE, Verdict.ATTENTION, seconds=now.poll_age)
