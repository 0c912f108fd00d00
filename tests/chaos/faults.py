"""All faults: each strikes, lasts some seconds, and is healed.

A run's faults depend only on its seed (`drawn`), so that a seed can be run again.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from case_shared.kafka.outbox import LEASE_NAME as OUTBOX_LEASE
from case_shared.kafka.topics import CASE_DELIVERY, CASE_SUBMITTED
from case_shared.process.fault_points import FaultPoint
from tests.chaos.acts import (
    Act,
    arm,
    back_up_d365,
    both,
    change,
    fill_disk,
    free_disk,
    freeze,
    freeze_leader,
    kill,
    kill_leader,
    lose,
    names,
    no_sandbox_faults,
    nothing,
    prime,
    rebalance,
    refuse,
    restart,
    restore_d365,
    revoke,
    sandbox_faults,
    strike,
    thaw,
    thaw_all,
    thaw_struck,
    write_odd,
)
from tests.chaos.links import Weather
from tests.chaos.parts import Part
from tests.chaos.world import REPLICAS, SETTLE_SECONDS

FAULTS_PER_RUN = 4
RECOVERY_SECONDS = 10.0
KAFKA_RECOVERY_SECONDS = 20.0
# Longer than a leader's lease (8 s), so that another replica leads when it wakes.
_PAST_LEASE_SECONDS = 11.0
# A POST that is delayed here leaves late, but well before anybody looks for it (world.SETTLE_SECONDS).
_FROZEN_AT_A_POINT_SECONDS = 3.0
_BETWEEN_BACKUP_AND_RESTORE_SECONDS = 5.0
# Until another leader has looked up the frozen one's claims, has waited for the settling time and has sent them.
_PAST_EVERY_LEASE_SECONDS = 18.0
# Until a replica that believes a POST has not landed sends it again.
_PAST_SETTLING_SECONDS = SETTLE_SECONDS + 5.0
# Faults added later come at the end of the round, so that earlier seeds keep their faults.
_SHUFFLED = 144
# Each leader's name, its lease, and the schema of the lease.
LEADERS = {
    "outbox publisher": (OUTBOX_LEASE, "case_api"),
    "dispatcher": ("dispatcher", "d365_sync"),
    "poller": ("poller", "status_sync"),
}
# (client, server) of every link; the world creates the same ones.
LINKS = [
    *((kind, "postgres") for kind in REPLICAS),
    *((client, "kafka") for client in (*REPLICAS, "sandbox")),
    ("d365-sync", "d365"),
    ("status-sync", "d365"),
    ("sandbox", "status-sync-1"),
    ("services", "oidc"),
    ("portal", "case-api-1"),
    ("portal", "case-api-2"),
]


class Measured(StrEnum):
    """When the recovery time starts: at the strike if others live, or at the end of the fault (heal) if nobody does."""

    STRIKE = "strike"
    HEAL = "heal"


@dataclass(frozen=True)
class Fault:
    """One fault; `seconds` is the time between strike and healing."""

    name: str
    strike: Act
    heal: Act = nothing
    seconds: float = 0.0
    measured: Measured = Measured.HEAL
    limit_seconds: float = RECOVERY_SECONDS


def drawn(seed: int) -> list[Fault]:
    """The faults of a run, in order; consecutive seeds cycle through all faults."""
    every = list(catalogue(random.Random(seed)))
    order = list(range(_SHUFFLED))
    random.Random("order").shuffle(order)
    order += range(_SHUFFLED, len(every))
    return [every[order[(seed * FAULTS_PER_RUN + place) % len(order)]] for place in range(FAULTS_PER_RUN)]


def catalogue(rng: random.Random) -> Iterator[Fault]:
    """Every fault, its times and sizes drawn from `rng`."""
    yield from _processes(rng)
    yield from _servers(rng)
    yield from _points()
    yield from _links(rng)
    yield from _d365(rng)
    yield from _later()


def _processes(rng: random.Random) -> Iterator[Fault]:
    for kind, count in REPLICAS.items():
        one = f"{kind}-{rng.randint(1, count)}"
        yield Fault(f"kill -9 one {kind}", kill(one), measured=Measured.STRIKE)
        yield Fault(f"kill -9 every {kind}", kill(*names(kind)))
        yield Fault(f"freeze one {kind}", freeze(one), thaw(one), rng.uniform(2, 4), Measured.STRIKE)
        yield Fault(f"freeze every {kind}", freeze(*names(kind)), thaw(*names(kind)), rng.uniform(2, 4))
        yield Fault(f"restart one {kind}", restart(one), measured=Measured.STRIKE)
        yield Fault(f"rebalance storm of {kind}", rebalance(kind))
    for name, (lease, schema) in LEADERS.items():
        frozen: list[Part] = []
        yield Fault(
            f"freeze the leading {name} past its lease",
            freeze_leader(lease, schema, frozen),
            thaw_all(frozen),
            _PAST_LEASE_SECONDS,
            Measured.STRIKE,
        )
        yield Fault(f"kill -9 the leading {name}", kill_leader(lease, schema), measured=Measured.STRIKE)


def _servers(rng: random.Random) -> Iterator[Fault]:
    for name, limit in (
        ("kafka", KAFKA_RECOVERY_SECONDS),
        ("postgres", RECOVERY_SECONDS),
        ("sandbox", RECOVERY_SECONDS),
    ):
        yield Fault(f"kill -9 {name}", kill(name), limit_seconds=limit)
        yield Fault(f"freeze {name}", freeze(name), thaw(name), rng.uniform(1.5, 2.5), limit_seconds=limit)
        yield Fault(f"restart {name}", restart(name), limit_seconds=limit)
    for topic, kind in ((CASE_SUBMITTED, "d365-sync"), (CASE_DELIVERY, "status-sync")):
        yield Fault(f"Kafka loses {topic} before {kind} has read it", freeze(*names(kind)), lose(topic, kind), 2.0)
    yield Fault("PostgreSQL's disk is full", fill_disk, free_disk, rng.uniform(2, 4))


def _points() -> Iterator[Fault]:
    for point in FaultPoint:
        if point in {FaultPoint.DOCUMENTS_CLAIMED, FaultPoint.D365_RESTORE_STEPPED}:
            continue
        yield Fault(f"kill -9 at {point}", arm(point, "kill"), measured=Measured.STRIKE)
        yield Fault(
            f"freeze at {point}",
            arm(point, "freeze"),
            thaw_struck(point),
            _FROZEN_AT_A_POINT_SECONDS,
            Measured.STRIKE,
        )


def _links(rng: random.Random) -> Iterator[Fault]:
    for client, server in LINKS:
        name = f"{client} → {server}"
        weathers = {
            "cut": Weather(refused=True),
            "delayed": Weather(delay_seconds=rng.uniform(0.05, 0.4)),
            "half open": Weather(silent=True),
            "reset after some bytes": Weather(reset_after_bytes=rng.randint(100, 3000)),
        }
        for word, weather in weathers.items():
            yield Fault(f"{name} {word}", change(name, weather), change(name, Weather()), rng.uniform(1.5, 4))


def _d365(rng: random.Random) -> Iterator[Fault]:
    seconds = rng.uniform(2, 4)
    faults: dict[str, list[dict[str, Any]]] = {
        "is away": [{"kind": "outage"}],
        "answers 503": [{"kind": "outage", "status": 503}],
        "answers 429 with Retry-After": [{"kind": "rate_limit", "limit": 1, "retry_after_seconds": 1}],
        "answers 429 without Retry-After": [{"kind": "rate_limit", "limit": 1}],
        "is slow": [{"kind": "slow", "delay_seconds": rng.uniform(0.5, 1.5)}],
        "drops before commit": [{"kind": "drop", "operation": "create", "when": "before_commit", "probability": 0.6}],
        "drops after commit": [{"kind": "drop", "operation": "create", "when": "after_commit", "probability": 0.6}],
        "commits late": [
            {"kind": "late_commit", "operation": "create", "delay_seconds": rng.uniform(2, 3.5), "probability": 0.5}
        ],
        "hangs": [{"kind": "hang", "probability": 0.6}],
        "answers 401": [{"kind": "status", "status": 401, "probability": 0.5}],
        "answers 500 without a body": [
            {"kind": "status", "status": 500, "body": "none", "when": "after_commit", "probability": 0.6}
        ],
        "answers with HTML": [{"kind": "html", "probability": 0.6}],
        "leaves out the Case ID": [{"kind": "no_case_id", "operation": "create", "probability": 0.6}],
        "answers lists empty": [{"kind": "empty_list", "operation": "read"}],
        "gives out no tokens": [{"kind": "status", "operation": "token", "status": 503}],
        "loses events": [{"kind": "event_drop", "operation": "event", "probability": 0.7}],
        "doubles and reorders events": [
            {"kind": "event_duplicate", "operation": "event", "probability": 0.5},
            {"kind": "event_reorder", "operation": "event", "delay_seconds": 2},
        ],
        "delays events": [{"kind": "event_delay", "operation": "event", "delay_seconds": 4}],
    }
    for word, specifications in faults.items():
        yield Fault(f"D365 {word}", sandbox_faults(specifications), no_sandbox_faults, seconds)
    yield Fault("D365 refuses connections", refuse(seconds), seconds=seconds)
    yield Fault("D365 revokes tokens", revoke)


def _later() -> Iterator[Fault]:
    """Faults that reveal a missing guard: elsewhere another guard would help out; here each is alone."""
    drop = {"kind": "drop", "operation": "create", "when": "after_commit", "probability": 0.6}
    readers = names("status-sync")
    yield Fault(
        "D365 drops after commit while status-sync is frozen",
        both(freeze(*readers), sandbox_faults([drop])),
        both(thaw(*readers), no_sandbox_faults),
        _PAST_SETTLING_SECONDS,
    )
    yield Fault(
        "D365 drops after commit, and answers lists empty",
        sandbox_faults([drop, {"kind": "empty_list", "operation": "read"}]),
        no_sandbox_faults,
        _PAST_SETTLING_SECONDS,
    )
    claimed = FaultPoint.DOCUMENTS_CLAIMED
    yield Fault(
        f"freeze at {claimed} past every lease",
        arm(claimed, "freeze"),
        thaw_struck(claimed),
        _PAST_EVERY_LEASE_SECONDS,
        Measured.STRIKE,
    )
    yield Fault(
        "D365 answers polls late, with what was so before",
        sandbox_faults([{"kind": "slow", "text": "orderby=modified", "when": "after_commit", "delay_seconds": 1.2}]),
        no_sandbox_faults,
        _PAST_SETTLING_SECONDS,
    )
    yield Fault(f"kill -9 at {claimed}", arm(claimed, "kill"), measured=Measured.STRIKE)
    yield Fault("odd and forged records in every topic", write_odd)
    one_each = ("case-api-1", "d365-sync-1", "status-sync-1")
    yield Fault(
        "odd and forged records in every topic, and kill -9 of a reader of each", both(write_odd, kill(*one_each))
    )
    yield Fault(
        "D365 is restored to an earlier backup",
        back_up_d365,
        restore_d365,
        _BETWEEN_BACKUP_AND_RESTORE_SECONDS,
        limit_seconds=KAFKA_RECOVERY_SECONDS,
    )
    stepped = FaultPoint.D365_RESTORE_STEPPED
    yield Fault(
        f"D365 is restored to an earlier backup, and kill -9 at {stepped}",
        back_up_d365,
        both(prime(stepped, "kill"), both(restore_d365, strike(stepped))),
        _BETWEEN_BACKUP_AND_RESTORE_SECONDS,
        limit_seconds=KAFKA_RECOVERY_SECONDS,
    )
