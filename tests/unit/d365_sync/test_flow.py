"""Whether all is well, from counts alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from d365_sync.domain.breaker import BreakerState
from d365_sync.domain.flow import (
    ABOUT,
    Concern,
    Kind,
    Minute,
    Now,
    StageName,
    Steering,
    Verdict,
    concerns,
    stages,
    verdict,
)

MOMENT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NOTHING = Now(
    as_of=MOMENT, unsent=0, unsent_age=None, refused=0, in_kafka=0, in_kafka_age=None, queued=0, queued_age=None,
    at_d365=0, at_d365_age=None, failed_lately=0, unreadable_lately=0, unpublished=0,
    unpublished_age=None, due=0, due_age=None, missed=0, status_unsent=0, status_unsent_age=None,
)  # fmt: skip
FREE = Steering(BreakerState.CLOSED, MOMENT, None, None, None, None)


def minute(number: int, **counts: int) -> Minute:
    names = ("submitted", "taken_in", "posts", "look_ups", "delivered", "rejected", "unknown", "deferred")
    known = dict.fromkeys((*names, "failed", "unreadable", "told"), 0) | counts
    return Minute(minute=MOMENT + timedelta(minutes=number), post_seconds=None, **known)


def ago(seconds: float) -> datetime:
    return MOMENT - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("now", "steering", "kind", "count", "since", "where", "level"),
    [
        (NOTHING, replace(FREE, refused_url="https://b"), "environment_refused", 1, None, "d365", Verdict.ALARM),
        (NOTHING, replace(FREE, breaker=BreakerState.HALF_OPEN), "breaker_open", 1, MOMENT, "d365", Verdict.ALARM),
        (NOTHING, replace(FREE, paused_at=ago(9)), "paused", 1, ago(9), "d365", Verdict.ATTENTION),
        (NOTHING, replace(FREE, window_since=ago(9)), "maintenance", 1, ago(9), "d365", Verdict.ATTENTION),
        (replace(NOTHING, unsent=2, unsent_age=61), FREE, "old", 2, ago(61), "unsent", Verdict.ALARM),
        (replace(NOTHING, in_kafka=1, in_kafka_age=61), FREE, "old", 1, ago(61), "kafka", Verdict.ALARM),
        (replace(NOTHING, queued=1, queued_age=901), FREE, "old", 1, ago(901), "queue", Verdict.ALARM),
        (
            replace(NOTHING, unpublished=1, unpublished_age=61),
            FREE,
            "old",
            1,
            ago(61),
            "case.delivery.v1",
            Verdict.ALARM,
        ),
        (replace(NOTHING, due=1, due_age=301), FREE, "old", 1, ago(301), "status", Verdict.ATTENTION),
    ],
)
def test_each_thing_that_is_wrong_is_reported_alone(
    now: Now, steering: Steering, kind: str, count: int, since: datetime | None, where: str, level: Verdict
) -> None:
    (found,) = concerns(now, steering)

    assert (found.kind, found.count, found.since, found.where, found.verdict) == (kind, count, since, where, level)
    assert verdict([found]) is level


def test_each_kind_has_its_stage_and_verdict_but_for_the_one_that_any_stage_has() -> None:
    assert set(Kind) - set(ABOUT) == {Kind.OLD}


def test_what_the_tables_show_is_among_them() -> None:
    counted = Concern.of(Kind.POLL_LATE, since=ago(1000), where="poll")
    found = concerns(NOTHING, replace(FREE, paused_at=ago(9)), [counted])
    assert [concern.kind for concern in found] == ["poll_late", "paused"]


def test_what_is_on_its_way_is_well() -> None:
    busy = replace(NOTHING, unsent=5, unsent_age=1, in_kafka=9, in_kafka_age=2, queued=900, queued_age=30)
    assert verdict(concerns(busy, FREE)) is Verdict.WELL


def test_what_waits_for_a_planned_pause_is_no_alarm_and_alarms_come_first() -> None:
    now = replace(NOTHING, queued=9, queued_age=5000, unsent=1, unsent_age=100)
    found = concerns(now, replace(FREE, window_since=MOMENT))
    assert [concern.verdict for concern in found] == [Verdict.ALARM, Verdict.ATTENTION, Verdict.ATTENTION]


def test_a_rate_is_that_of_the_last_five_full_minutes() -> None:
    history = [minute(0, posts=1000), *(minute(n, posts=10) for n in range(1, 6)), minute(6, posts=500)]
    rates = {stage.name: stage.per_minute for stage in stages(NOTHING, history)}
    assert rates[StageName.QUEUE] == 10
