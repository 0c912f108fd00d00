"""Whether all is well, from counts alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from d365_sync.domain.breaker import BreakerState
from d365_sync.domain.flow import Minute, Now, StageName, Steering, Verdict, What, concerns, stages, verdict

MOMENT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
NOTHING = Now(
    as_of=MOMENT, unsent=0, unsent_age=None, refused=0, in_kafka=0, in_kafka_age=None, queued=0, queued_age=None,
    at_d365=0, at_d365_age=None, failed=0, failed_age=None, failed_lately=0, unseen=0, unreadable_lately=0, untold=0,
    untold_age=None, due=0, due_age=None, missed=0, status_unsent=0, status_unsent_age=None, poll_age=None,
)  # fmt: skip
FREE = Steering(BreakerState.CLOSED, None, False, False, False, 0)


def minute(number: int, **counts: int) -> Minute:
    names = ("submitted", "taken_in", "posts", "look_ups", "delivered", "rejected", "unknown", "deferred")
    known = dict.fromkeys((*names, "failed", "unreadable", "told"), 0) | counts
    return Minute(minute=MOMENT + timedelta(minutes=number), post_seconds=None, **known)


@pytest.mark.parametrize(
    ("now", "steering", "what", "level"),
    [
        (NOTHING, replace(FREE, environment_refused=True), What.ENVIRONMENT_REFUSED, Verdict.ALARM),
        (NOTHING, replace(FREE, breaker=BreakerState.HALF_OPEN), What.BREAKER_OPEN, Verdict.ALARM),
        (NOTHING, replace(FREE, paused_consumers=1), What.CONSUMER_PAUSED, Verdict.ALARM),
        (NOTHING, replace(FREE, paused=True), What.PAUSED, Verdict.ATTENTION),
        (NOTHING, replace(FREE, in_window=True), What.MAINTENANCE, Verdict.ATTENTION),
        (replace(NOTHING, refused=1), FREE, What.REFUSED_BY_KAFKA, Verdict.ALARM),
        (replace(NOTHING, unsent=1, unsent_age=61), FREE, What.OLD, Verdict.ALARM),
        (replace(NOTHING, in_kafka=1, in_kafka_age=61), FREE, What.OLD, Verdict.ALARM),
        (replace(NOTHING, queued=1, queued_age=901), FREE, What.OLD, Verdict.ALARM),
        (replace(NOTHING, due=1, due_age=301), FREE, What.OLD, Verdict.ATTENTION),
        (replace(NOTHING, failed=1, failed_age=1), FREE, What.DEAD_LETTERS, Verdict.ATTENTION),
        (replace(NOTHING, unseen=1), FREE, What.UNREADABLE, Verdict.ATTENTION),
        (replace(NOTHING, poll_age=901), FREE, What.POLL_LATE, Verdict.ATTENTION),
    ],
)
def test_each_thing_that_is_wrong_is_told_alone(now: Now, steering: Steering, what: What, level: Verdict) -> None:
    found = concerns(now, steering)

    assert [(concern.what, concern.verdict) for concern in found] == [(what, level)]
    assert verdict(found) is level


def test_what_is_on_its_way_is_well() -> None:
    busy = replace(NOTHING, unsent=5, unsent_age=1, in_kafka=9, in_kafka_age=2, queued=900, queued_age=30, poll_age=60)
    assert verdict(concerns(busy, FREE)) is Verdict.WELL


def test_what_waits_for_a_planned_pause_is_no_alarm_and_alarms_come_first() -> None:
    now = replace(NOTHING, queued=9, queued_age=5000, unsent=1, unsent_age=100)
    found = concerns(now, replace(FREE, in_window=True))
    assert [concern.verdict for concern in found] == [Verdict.ALARM, Verdict.ATTENTION, Verdict.ATTENTION]


def test_a_rate_is_that_of_the_last_five_full_minutes() -> None:
    history = [minute(0, posts=1000), *(minute(n, posts=10) for n in range(1, 6)), minute(6, posts=500)]
    rates = {stage.name: stage.per_minute for stage in stages(NOTHING, history)}
    assert rates[StageName.QUEUE] == 10
