"""What faults do to the world, and how each is undone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from case_shared.fault_points import FaultPoint
from case_shared.topics import PARTITIONS
from tests.chaos.links import Weather
from tests.chaos.parts import Part
from tests.chaos.world import REPLICAS, World, spare

_POINT_SECONDS = 8.0
_BALLAST = 4 * 1024 * 1024

Act = Callable[[World], Awaitable[None]]


async def nothing(_: World) -> None:
    """Some faults heal by themselves."""


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


def thaw_struck(point: FaultPoint) -> Act:
    async def act(world: World) -> None:
        pids = {file.suffix[1:] for file in world.fault_points.glob(f"{point}.*")}
        for part in world.parts.by_name.values():
            if str(part.pid) in pids:
                part.thaw()

    return act


def lose(topic: str, kind: str) -> Act:
    """Delete every record of a topic while those who read it are frozen, then wake them."""

    async def act(world: World) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=world.kafka)
        await admin.start()
        try:
            partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
            await admin.delete_records({partition: RecordsToDelete(before_offset=-1) for partition in partitions})
        finally:
            await admin.close()
            await thaw(*names(kind))(world)

    return act


def change(name: str, weather: Weather) -> Act:
    async def act(world: World) -> None:
        link = world.links[name]
        link.weather = weather
        if weather.refused or weather == Weather():
            link.reset()  # a half-open connection is not told that it is one; healing ends it, as a reboot would

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
