"""The pipeline at a glance: its stages, and whether all is well."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from d365_sync.domain.breaker import BreakerState

# A rate covers the last five full minutes.
RATE_MINUTES = 5
# While all is well, no stage takes longer than this (the same bounds as in deploy/prometheus/alerts.yml).
_UNSENT_SECONDS = 60
_KAFKA_SECONDS = 60
_WAITING_SECONDS = 900
_TELLING_SECONDS = 60
_DUE_SECONDS = 300


class StageName(StrEnum):
    """Where a submission can be."""

    UNSENT = "unsent"
    KAFKA = "kafka"
    QUEUE = "queue"
    D365 = "d365"
    STATUS = "status"


class Verdict(StrEnum):
    """The overall state, at a glance."""

    WELL = "well"
    ATTENTION = "attention"
    ALARM = "alarm"


class Kind(StrEnum):
    """What is wrong or unusual. `ABOUT` says how much each kind matters."""

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
    MOVED_CASES = "moved_cases"
    DELETED_CASES = "deleted_cases"
    CASE_ID_REUSED = "case_id_reused"
    ENVIRONMENT_REFRESHED = "environment_refreshed"
    KNOWN_CASES_NOT_SHOWN = "known_cases_not_shown"
    EVENTS_OF_OTHER_ENVIRONMENT = "events_of_other_environment"
    STORED_DIFFERENTLY = "stored_differently"
    UNIQUENESS_UNPROVEN = "uniqueness_unproven"
    SECOND_CASE = "second_case"
    STATUS_UNKNOWN = "status_unknown"
    D365_RESTORE_WAITS = "d365_restore_waits"
    STEP_NEVER_SUCCEEDED = "step_never_succeeded"
    STEP_LATE = "step_late"
    CONSUMER_STOPPED = "consumer_stopped"
    CONSUMER_LAGS = "consumer_lags"
    PARTITIONS_UNOWNED = "partitions_unowned"


# The stage that the console marks, and the verdict. A kind counted in the tables is a branch of `select_concerns.sql`
# and a row here; portal_web's `labels.CONCERNS` has the console's word for it.
ABOUT: Mapping[Kind, tuple[StageName, Verdict]] = {
    Kind.ENVIRONMENT_REFUSED: (StageName.D365, Verdict.ALARM),
    Kind.BREAKER_OPEN: (StageName.D365, Verdict.ALARM),
    Kind.PAUSED: (StageName.D365, Verdict.ATTENTION),
    Kind.MAINTENANCE: (StageName.D365, Verdict.ATTENTION),
    Kind.CONSUMER_PAUSED: (StageName.KAFKA, Verdict.ALARM),
    Kind.REFUSED_BY_KAFKA: (StageName.UNSENT, Verdict.ALARM),
    Kind.DEAD_LETTERS: (StageName.QUEUE, Verdict.ATTENTION),
    Kind.UNREADABLE: (StageName.KAFKA, Verdict.ATTENTION),
    Kind.POLL_LATE: (StageName.STATUS, Verdict.ALARM),
    Kind.MOVED_CASES: (StageName.STATUS, Verdict.ATTENTION),
    Kind.DELETED_CASES: (StageName.STATUS, Verdict.ATTENTION),
    Kind.CASE_ID_REUSED: (StageName.STATUS, Verdict.ALARM),
    Kind.ENVIRONMENT_REFRESHED: (StageName.D365, Verdict.ALARM),
    Kind.KNOWN_CASES_NOT_SHOWN: (StageName.D365, Verdict.ATTENTION),
    Kind.EVENTS_OF_OTHER_ENVIRONMENT: (StageName.STATUS, Verdict.ATTENTION),
    Kind.STORED_DIFFERENTLY: (StageName.D365, Verdict.ATTENTION),
    Kind.UNIQUENESS_UNPROVEN: (StageName.D365, Verdict.ATTENTION),
    Kind.SECOND_CASE: (StageName.D365, Verdict.ALARM),
    Kind.STATUS_UNKNOWN: (StageName.STATUS, Verdict.ATTENTION),
    Kind.D365_RESTORE_WAITS: (StageName.D365, Verdict.ATTENTION),
    Kind.STEP_NEVER_SUCCEEDED: (StageName.STATUS, Verdict.ALARM),
    Kind.STEP_LATE: (StageName.STATUS, Verdict.ALARM),
    Kind.CONSUMER_STOPPED: (StageName.KAFKA, Verdict.ALARM),
    Kind.CONSUMER_LAGS: (StageName.KAFKA, Verdict.ALARM),
    Kind.PARTITIONS_UNOWNED: (StageName.KAFKA, Verdict.ALARM),
}
# What these carry is on its way back to the dealer.
_TOPICS_BACK = ("case.delivery.v1", "case.status-changed.v1")


@dataclass(frozen=True, slots=True)
class Concern:
    """Something that needs a person's attention.

    `where` is a stage, or a place in it: a step, topic, consumer group or legal entity. `since` is null if unknown.
    `stage` is the stage that the console marks.
    """

    kind: Kind
    count: int
    since: datetime | None
    where: str
    stage: StageName
    verdict: Verdict
    detail: str | None = None

    @staticmethod
    def of(kind: Kind, *, since: datetime | None, where: str, count: int = 1, detail: str | None = None) -> "Concern":
        """A concern with the stage and verdict of its kind."""
        stage, level = ABOUT[kind]
        if kind is Kind.REFUSED_BY_KAFKA and where in _TOPICS_BACK:
            stage = StageName.STATUS
        return Concern(kind, count, since, where, stage, level, detail)


@dataclass(frozen=True, slots=True)
class Stage:
    """The number of submissions in a stage, the age of the oldest, how many leave it per minute, and failures.

    `failures` counts the last hour: records that Kafka refused, unreadable records, dead letters, attempts without a
    delivery, or cases that D365 did not show, depending on the stage.
    """

    name: StageName
    count: int
    oldest_age_seconds: float | None
    per_minute: float
    failures: int


@dataclass(frozen=True, slots=True)
class Minute:
    """What entered the stages in one minute, and the outcomes. `post_seconds` is D365's average time for a POST."""

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
    """How much is in each stage, as `select_flow.sql` counts it; ages in seconds, None if nothing is there."""

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
    failed_lately: int
    unreadable_lately: int
    unpublished: int
    unpublished_age: float | None
    due: int
    due_age: float | None
    missed: int
    status_unsent: int
    status_unsent_age: float | None


@dataclass(frozen=True, slots=True)
class Steering:
    """What stops delivery; `paused_at` and `window_since` are None if neither a pause nor a window does."""

    breaker: BreakerState
    breaker_since: datetime
    breaker_reason: str | None
    paused_at: datetime | None
    window_since: datetime | None
    refused_url: str | None


def stages(now: Now, history: Sequence[Minute]) -> list[Stage]:
    """The five stages, in the order of the flow."""
    full = history[-1 - RATE_MINUTES : -1]

    def rate(name: str) -> float:
        return sum(getattr(minute, name) for minute in full) / len(full) if full else 0.0

    lost = sum(minute.rejected + minute.unknown + minute.deferred for minute in history)
    ages = [age for age in (now.unpublished_age, now.due_age, now.status_unsent_age) if age is not None]
    behind = now.unpublished + now.due + now.status_unsent
    return [
        Stage(StageName.UNSENT, now.unsent, now.unsent_age, rate("submitted"), now.refused),
        Stage(StageName.KAFKA, now.in_kafka, now.in_kafka_age, rate("taken_in"), now.unreadable_lately),
        Stage(StageName.QUEUE, now.queued, now.queued_age, rate("posts"), now.failed_lately),
        Stage(StageName.D365, now.at_d365, now.at_d365_age, rate("delivered"), lost),
        Stage(StageName.STATUS, behind, max(ages, default=None), rate("told"), now.missed),
    ]


def concerns(now: Now, steering: Steering, counted: Sequence[Concern] = ()) -> list[Concern]:
    """What a person should know, including `counted` from the tables; alarms first, empty if all is well."""
    standing_still = steering.paused_at is not None or steering.window_since is not None
    found = [*_steered(steering), *_old(now, standing_still=standing_still), *counted]
    return sorted(found, key=lambda concern: concern.verdict is not Verdict.ALARM)


def verdict(found: Sequence[Concern]) -> Verdict:
    """The worst of them."""
    worst = [level for level in Verdict if any(concern.verdict is level for concern in found)]
    return worst[-1] if worst else Verdict.WELL


def _steered(steering: Steering) -> Iterator[Concern]:
    d365 = StageName.D365
    if steering.refused_url is not None:
        yield Concern.of(Kind.ENVIRONMENT_REFUSED, since=None, where=d365, detail=steering.refused_url)
    if steering.breaker is not BreakerState.CLOSED:
        reason = steering.breaker_reason
        yield Concern.of(Kind.BREAKER_OPEN, since=steering.breaker_since, where=d365, detail=reason)
    if steering.paused_at is not None:
        yield Concern.of(Kind.PAUSED, since=steering.paused_at, where=d365)
    if steering.window_since is not None:
        yield Concern.of(Kind.MAINTENANCE, since=steering.window_since, where=d365)


def _old(now: Now, *, standing_still: bool) -> Iterator[Concern]:
    waiting = Verdict.ATTENTION if standing_still else Verdict.ALARM
    changes_age = now.status_unsent_age
    for stage, where, count, age, longest, level in (
        (StageName.UNSENT, "unsent", now.unsent, now.unsent_age, _UNSENT_SECONDS, Verdict.ALARM),
        (StageName.KAFKA, "kafka", now.in_kafka, now.in_kafka_age, _KAFKA_SECONDS, Verdict.ALARM),
        (StageName.QUEUE, "queue", now.queued, now.queued_age, _WAITING_SECONDS, waiting),
        (StageName.D365, "d365", now.at_d365, now.at_d365_age, _WAITING_SECONDS, waiting),
        (StageName.STATUS, "case.delivery.v1", now.unpublished, now.unpublished_age, _TELLING_SECONDS, Verdict.ALARM),
        (StageName.STATUS, "case.status-changed.v1", now.status_unsent, changes_age, _TELLING_SECONDS, Verdict.ALARM),
        (StageName.STATUS, "status", now.due, now.due_age, _DUE_SECONDS, Verdict.ATTENTION),
    ):
        if age is not None and age > longest:
            yield Concern(Kind.OLD, count, now.as_of - timedelta(seconds=age), where, stage, level)
