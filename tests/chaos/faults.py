"""Everything that is done to the world: each fault strikes, lasts some seconds, and is healed.

Which faults a run has is drawn from its seed alone (`drawn`), so that a seed can be run again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from case_shared.fault_points import FaultPoint
from case_shared.topics import CASE_DELIVERY, CASE_SUBMITTED, PARTITIONS
from tests.chaos.links import Weather
from tests.chaos.parts import Part
from tests.chaos.world import REPLICAS, SETTLE_SECONDS, World, spare

FAULTS_PER_RUN = 4
RECOVERY_SECONDS = 10.0
KAFKA_RECOVERY_SECONDS = 20.0
# Longer than a leader's lease (8 s), so that another leads when it wakes.
_PAST_LEASE_SECONDS = 11.0
# A POST held up here goes out late; well within the time after which anybody looks for it (world.SETTLE_SECONDS).
_FROZEN_AT_A_POINT_SECONDS = 3.0
_POINT_SECONDS = 8.0
# Until another leader has looked up what the frozen one had claimed, has waited for the settling time and has sent it.
_PAST_EVERY_LEASE_SECONDS = 18.0
# Until whoever believes that a POST has not landed sends it again.
_PAST_SETTLING_SECONDS = SETTLE_SECONDS + 5.0
# What came later stands at the end of the round, so that the seeds before it keep their faults.
_SHUFFLED = 144
_BALLAST = 4 * 1024 * 1024
LEADERS = {"relay": "case_api", "dispatcher": "d365_sync", "poller": "status_sync"}
# (client, server) of every link; the world makes the same ones.
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

Act = Callable[[World], Awaitable[None]]


class Measured(StrEnum):
    """From when on the flow must move again: others live (strike), or nobody can before the fault ends (heal)."""

    STRIKE = "strike"
    HEAL = "heal"


async def _nothing(_: World) -> None:
    """Some faults heal by themselves."""


@dataclass(frozen=True)
class Fault:
    """One fault; `seconds` lie between the strike and the healing."""

    name: str
    strike: Act
    heal: Act = _nothing
    seconds: float = 0.0
    measured: Measured = Measured.HEAL
    limit_seconds: float = RECOVERY_SECONDS


def drawn(seed: int) -> list[Fault]:
    """The faults of a run, one after the other; consecutive seeds go round all that there are."""
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
        yield Fault(f"kill -9 one {kind}", _kill(one), measured=Measured.STRIKE)
        yield Fault(f"kill -9 every {kind}", _kill(*_names(kind)))
        yield Fault(f"freeze one {kind}", _freeze(one), _thaw(one), rng.uniform(2, 4), Measured.STRIKE)
        yield Fault(f"freeze every {kind}", _freeze(*_names(kind)), _thaw(*_names(kind)), rng.uniform(2, 4))
        yield Fault(f"restart one {kind}", _restart(one), measured=Measured.STRIKE)
        yield Fault(f"rebalance storm of {kind}", _rebalance(kind))
    for lease, schema in LEADERS.items():
        frozen: list[Part] = []
        yield Fault(
            f"freeze the leading {lease} past its lease",
            _freeze_leader(lease, schema, frozen),
            _thaw_all(frozen),
            _PAST_LEASE_SECONDS,
            Measured.STRIKE,
        )
        yield Fault(f"kill -9 the leading {lease}", _kill_leader(lease, schema), measured=Measured.STRIKE)


def _servers(rng: random.Random) -> Iterator[Fault]:
    for name, limit in (
        ("kafka", KAFKA_RECOVERY_SECONDS),
        ("postgres", RECOVERY_SECONDS),
        ("sandbox", RECOVERY_SECONDS),
    ):
        yield Fault(f"kill -9 {name}", _kill(name), limit_seconds=limit)
        yield Fault(f"freeze {name}", _freeze(name), _thaw(name), rng.uniform(1.5, 2.5), limit_seconds=limit)
        yield Fault(f"restart {name}", _restart(name), limit_seconds=limit)
    for topic, kind in ((CASE_SUBMITTED, "d365-sync"), (CASE_DELIVERY, "status-sync")):
        yield Fault(f"Kafka loses {topic} before {kind} has read it", _freeze(*_names(kind)), _lose(topic, kind), 2.0)
    yield Fault("PostgreSQL's disk is full", _fill_disk, _free_disk, rng.uniform(2, 4))


def _points() -> Iterator[Fault]:
    for point in FaultPoint:
        if point is FaultPoint.DOCUMENTS_CLAIMED:
            continue
        yield Fault(f"kill -9 at {point}", _arm(point, "kill"), measured=Measured.STRIKE)
        yield Fault(
            f"freeze at {point}",
            _arm(point, "freeze"),
            _thaw_struck(point),
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
            yield Fault(f"{name} {word}", _change(name, weather), _change(name, Weather()), rng.uniform(1.5, 4))


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
        yield Fault(f"D365 {word}", _sandbox_faults(specifications), _no_sandbox_faults, seconds)
    yield Fault("D365 refuses connections", _refuse(seconds), seconds=seconds)
    yield Fault("D365 revokes tokens", _revoke)


def _later() -> Iterator[Fault]:
    """What makes a missing guard be seen: each guard stands alone here, where elsewhere another one helps out."""
    drop = {"kind": "drop", "operation": "create", "when": "after_commit", "probability": 0.6}
    readers = _names("status-sync")
    yield Fault(
        "D365 drops after commit while status-sync is frozen",
        _both(_freeze(*readers), _sandbox_faults([drop])),
        _both(_thaw(*readers), _no_sandbox_faults),
        _PAST_SETTLING_SECONDS,
    )
    yield Fault(
        "D365 drops after commit, and answers lists empty",
        _sandbox_faults([drop, {"kind": "empty_list", "operation": "read"}]),
        _no_sandbox_faults,
        _PAST_SETTLING_SECONDS,
    )
    claimed = FaultPoint.DOCUMENTS_CLAIMED
    yield Fault(
        f"freeze at {claimed} past every lease",
        _arm(claimed, "freeze"),
        _thaw_struck(claimed),
        _PAST_EVERY_LEASE_SECONDS,
        Measured.STRIKE,
    )
    yield Fault(
        "D365 answers polls late, with what was so before",
        _sandbox_faults([{"kind": "slow", "text": "orderby=modified", "when": "after_commit", "delay_seconds": 1.2}]),
        _no_sandbox_faults,
        _PAST_SETTLING_SECONDS,
    )
    yield Fault(f"kill -9 at {claimed}", _arm(claimed, "kill"), measured=Measured.STRIKE)


def _names(kind: str) -> list[str]:
    return [f"{kind}-{number}" for number in range(1, REPLICAS[kind] + 1)]


def _both(first: Act, second: Act) -> Act:
    async def act(world: World) -> None:
        await first(world)
        await second(world)

    return act


def _kill(*names: str) -> Act:
    async def act(world: World) -> None:
        for name in names:
            world.parts.by_name[name].kill()

    return act


def _freeze(*names: str) -> Act:
    async def act(world: World) -> None:
        for name in names:
            world.parts.by_name[name].freeze()

    return act


def _thaw(*names: str) -> Act:
    async def act(world: World) -> None:
        for name in names:
            world.parts.by_name[name].thaw()

    return act


def _thaw_all(frozen: list[Part]) -> Act:
    async def act(_: World) -> None:
        for part in frozen:
            part.thaw()
        frozen.clear()

    return act


def _restart(name: str) -> Act:
    async def act(world: World) -> None:
        part = world.parts.by_name[name]
        await part.stop()
        part.start()

    return act


def _rebalance(kind: str) -> Act:
    """A member more and a member less, three times, by turns cleanly and by kill -9."""

    async def act(world: World) -> None:
        part = world.parts.by_name[spare(world, kind)]
        for turn in range(3):
            part.start()
            with suppress(AssertionError):  # not ready in time, on a busy machine: a storm all the same
                await part.ready(6)
            if turn % 2:
                part.held = True
                part.kill()
            else:
                await part.stop()

    return act


async def _leader(world: World, lease: str, schema: str) -> Part | None:
    """The replica that holds the lease; its owner's name has the process id in it."""
    connection = await asyncpg.connect(world.superuser_url, timeout=5)
    try:
        owner = await connection.fetchval(f"SELECT owner FROM {schema}.leases WHERE name = $1", lease)
    finally:
        await connection.close()
    pids = {str(part.pid): part for part in world.parts.by_name.values() if part.alive}
    return next((pids[word] for word in (owner or "").split("-") if word in pids), None)


def _freeze_leader(lease: str, schema: str, frozen: list[Part]) -> Act:
    async def act(world: World) -> None:
        if part := await _leader(world, lease, schema):
            frozen.append(part)
            part.freeze()

    return act


def _kill_leader(lease: str, schema: str) -> Act:
    async def act(world: World) -> None:
        if part := await _leader(world, lease, schema):
            part.kill()

    return act


def _arm(point: FaultPoint, action: str) -> Act:
    """Arm, and wait until somebody was struck; a point that nobody reaches in time is disarmed."""

    async def act(world: World) -> None:
        armed = world.fault_points / point
        armed.write_text(action)
        deadline = asyncio.get_running_loop().time() + _POINT_SECONDS
        while armed.exists():
            if asyncio.get_running_loop().time() > deadline:
                armed.unlink(missing_ok=True)
                return
            await asyncio.sleep(0.02)
        world.struck[point] += 1

    return act


def _thaw_struck(point: FaultPoint) -> Act:
    async def act(world: World) -> None:
        pids = {file.suffix[1:] for file in world.fault_points.glob(f"{point}.*")}
        for part in world.parts.by_name.values():
            if str(part.pid) in pids:
                part.thaw()

    return act


def _lose(topic: str, kind: str) -> Act:
    """Delete every record of a topic while those who read it are frozen, then wake them."""

    async def act(world: World) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=world.kafka)
        await admin.start()
        try:
            partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            await admin.delete_records({partition: RecordsToDelete(before_offset=-1) for partition in partitions})
        finally:
            await admin.close()
            await _thaw(*_names(kind))(world)

    return act


def _change(name: str, weather: Weather) -> Act:
    async def act(world: World) -> None:
        link = world.links[name]
        link.weather = weather
        if weather.refused or weather == Weather():
            link.reset()  # a half-open connection is not told that it is one; healing ends it, as a reboot would

    return act


def _sandbox_faults(specifications: list[dict[str, Any]]) -> Act:
    async def act(world: World) -> None:
        for specification in specifications:
            await _control(world, "POST", "/faults", {"id": f"chaos-{specification['kind']}", **specification})

    return act


async def _no_sandbox_faults(world: World) -> None:
    async with world.session.get(f"{world.sandbox_url}/_sandbox/faults") as answer:
        standing = (await answer.json())["items"]
    for fault in standing:
        if fault["id"].startswith("chaos-"):
            await _control(world, "DELETE", f"/faults/{fault['id']}")


def _refuse(seconds: float) -> Act:
    async def act(world: World) -> None:
        await _control(world, "POST", "/refuse", {"seconds": seconds})

    return act


async def _revoke(world: World) -> None:
    await _control(world, "POST", "/tokens/revoke")


async def _control(world: World, method: str, path: str, body: Any = None) -> None:
    async with world.session.request(method, f"{world.sandbox_url}/_sandbox{path}", json=body) as answer:
        if answer.status >= 300:
            raise aiohttp.ClientResponseError(
                answer.request_info, (), status=answer.status, message=await answer.text()
            )


async def _fill_disk(world: World) -> None:
    if world.disk is None:
        return
    await asyncio.to_thread(_fill, world.disk / "ballast")


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (_BALLAST, 4096):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)


async def _free_disk(world: World) -> None:
    if world.disk is not None:
        (world.disk / "ballast").unlink(missing_ok=True)
