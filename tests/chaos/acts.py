"""What faults do to the world, and how to undo each."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from case_shared.kafka.topics import PARTITIONS
from case_shared.process.fault_points import FaultPoint
from tests.chaos import odd
from tests.chaos.links import Weather
from tests.chaos.parts import Part
from tests.chaos.world import REPLICAS, World, spare
from tests.support.eventually import eventually

_POINT_SECONDS = 8.0
# Longer than any POST takes, so that D365's answer is known before it is lost.
_RESTORING_SECONDS = 2.5
_BALLAST = 4 * 1024 * 1024

Act = Callable[[World], Awaitable[None]]


async def nothing(_: World) -> None:
    """Nothing: some faults heal by themselves."""


def names(kind: str) -> list[str]:
    return [f"{kind}-{number}" for number in range(1, REPLICAS[kind] + 1)]


def both(first: Act, second: Act) -> Act:
    async def act(world: World) -> None:
        await first(world)
        await second(world)

    return act


def kill(*names: str) -> Act:
    async def act(world: World) -> None:
        for name in names:
            world.parts.by_name[name].kill()

    return act


def freeze(*names: str) -> Act:
    async def act(world: World) -> None:
        for name in names:
            world.parts.by_name[name].freeze()

    return act


def thaw(*names: str) -> Act:
    async def act(world: World) -> None:
        for name in names:
            world.parts.by_name[name].thaw()

    return act


def thaw_all(frozen: list[Part]) -> Act:
    async def act(_: World) -> None:
        for part in frozen:
            part.thaw()
        frozen.clear()

    return act


def restart(name: str) -> Act:
    async def act(world: World) -> None:
        part = world.parts.by_name[name]
        await part.stop()
        part.start()

    return act


def rebalance(kind: str) -> Act:
    """Add and remove a member, three times, alternately with a clean stop and kill -9."""

    async def act(world: World) -> None:
        part = world.parts.by_name[spare(world, kind)]
        for turn in range(3):
            part.start()
            with suppress(AssertionError):  # not ready in time, on a busy machine: still a rebalance
                await part.ready(6)
            if turn % 2:
                part.held = True
                part.kill()
            else:
                await part.stop()

    return act


async def _leader(world: World, lease: str, schema: str) -> Part | None:
    """The replica that has the lease, found by the process ID in the owner's name."""
    connection = await asyncpg.connect(world.superuser_url, timeout=5)
    try:
        owner = await connection.fetchval(f"SELECT owner FROM {schema}.leases WHERE name = $1", lease)
    finally:
        await connection.close()
    pids = {str(part.pid): part for part in world.parts.by_name.values() if part.alive}
    return next((pids[word] for word in (owner or "").split("-") if word in pids), None)


def freeze_leader(lease: str, schema: str, frozen: list[Part]) -> Act:
    async def act(world: World) -> None:
        if part := await _leader(world, lease, schema):
            frozen.append(part)
            part.freeze()

    return act


def kill_leader(lease: str, schema: str) -> Act:
    async def act(world: World) -> None:
        if part := await _leader(world, lease, schema):
            part.kill()

    return act


def arm(point: FaultPoint, action: str) -> Act:
    """Arm the point, and wait until it strikes; disarm it if nobody reaches it in time."""
    return both(prime(point, action), strike(point))


def prime(point: FaultPoint, action: str) -> Act:
    async def act(world: World) -> None:
        (world.fault_points / point).write_text(action)

    return act


def strike(point: FaultPoint) -> Act:
    async def act(world: World) -> None:
        armed = world.fault_points / point
        deadline = asyncio.get_running_loop().time() + _POINT_SECONDS
        while armed.exists():
            if asyncio.get_running_loop().time() > deadline:
                armed.unlink(missing_ok=True)
                return
            await asyncio.sleep(0.02)
        world.struck[point] += 1

    return act


def thaw_struck(point: FaultPoint) -> Act:
    async def act(world: World) -> None:
        pids = {file.suffix[1:] for file in world.fault_points.glob(f"{point}.*")}
        for part in world.parts.by_name.values():
            if str(part.pid) in pids:
                part.thaw()

    return act


def lose(topic: str, kind: str) -> Act:
    """Delete every record of a topic while its readers are frozen, then wake them."""

    async def act(world: World) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=world.kafka)
        await admin.start()
        try:
            partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            await admin.delete_records({partition: RecordsToDelete(before_offset=-1) for partition in partitions})
        finally:
            await admin.close()
            await thaw(*names(kind))(world)
        # What was lost cannot be set aside.
        world.odd |= {place: False for place in world.odd if place.topic == topic}

    return act


async def write_odd(world: World) -> None:
    """Write unreadable and forged records into every topic."""
    assert world.history is not None
    token = world.history.new_token(set())
    world.history.forged.add(token)
    world.odd |= await odd.write(world.kafka, world.superuser_url, token)


def change(name: str, weather: Weather) -> Act:
    async def act(world: World) -> None:
        link = world.links[name]
        link.weather = weather
        if weather.refused or weather == Weather():
            link.reset()  # half-open connections do not notice; healing ends them, as a reboot would

    return act


def sandbox_faults(specifications: list[dict[str, Any]]) -> Act:
    async def act(world: World) -> None:
        for specification in specifications:
            await _control(world, "POST", "/faults", {"id": f"chaos-{specification['kind']}", **specification})

    return act


async def no_sandbox_faults(world: World) -> None:
    async with world.session.get(f"{world.sandbox_url}/_sandbox/faults") as answer:
        standing = (await answer.json())["items"]
    for fault in standing:
        if fault["id"].startswith("chaos-"):
            await _control(world, "DELETE", f"/faults/{fault['id']}")


def refuse(seconds: float) -> Act:
    async def act(world: World) -> None:
        await _control(world, "POST", "/refuse", {"seconds": seconds})

    return act


async def revoke(world: World) -> None:
    await _control(world, "POST", "/tokens/revoke")


async def _control(world: World, method: str, path: str, body: Any = None) -> None:
    async with world.session.request(method, f"{world.sandbox_url}/_sandbox{path}", json=body) as answer:
        if answer.status >= 300:
            raise aiohttp.ClientResponseError(
                answer.request_info, (), status=answer.status, message=await answer.text()
            )


async def back_up_d365(world: World) -> None:
    """Copy D365's database as it is now."""
    await _control(world, "POST", "/backup")
    world.backed_up_at = datetime.now(UTC)


async def restore_d365(world: World) -> None:
    """Restore D365's database while documents wait for it, and let an operator report it."""
    assert world.backed_up_at is not None
    away = {"id": "chaos-restoring", "kind": "outage"}
    await _control(world, "POST", "/faults", away)
    await asyncio.sleep(_RESTORING_SECONDS)
    await _control(world, "POST", "/restore")
    await _control(world, "DELETE", f"/faults/{away['id']}")
    headers = {"Authorization": f"Bearer {world.token('operator')}"}
    order = {"since": world.backed_up_at.isoformat(), "reason": "D365 was restored"}
    url = f"{world.service_url('d365-sync-1')}/v1/d365/restores"

    async def reported() -> bool:
        """The operator tries again while this replica is dying or starting, or an earlier restore is worked on."""
        try:
            async with world.session.post(url, headers=headers, json=order) as answer:
                if answer.status in {409, 503}:
                    return False
                answer.raise_for_status()
        except aiohttp.ClientConnectionError:
            return False
        return True

    await eventually(reported, within_seconds=90, every_seconds=0.5)


async def fill_disk(world: World) -> None:
    if world.disk is None:
        return
    await asyncio.to_thread(_fill, world.disk / "ballast")


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (_BALLAST, 4096):
            with suppress(OSError):
                while True:
                    file.write(b"\0" * size)


async def free_disk(world: World) -> None:
    if world.disk is not None:
        (world.disk / "ballast").unlink(missing_ok=True)
