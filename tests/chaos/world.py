"""The system under test: every service in two or three replicas, each connection through a link that faults can reach.

D365 is the sandbox with uniqueness off, so that nothing relies on D365 to refuse duplicates.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp
import asyncpg

from casebridge import database, parts, postgres
from casebridge.oidc.keys import TokenSigner, load_key
from casebridge.oidc.users import DEALER_SCOPES, OPERATOR_SCOPES, User
from casebridge.output import Progress
from casebridge.parts import Plan
from casebridge.passwords import password
from casebridge.ports import HOST, free_ports
from casebridge.program import Program
from tests.chaos.history import REFUSED, History
from tests.chaos.links import Link
from tests.chaos.odd import Place
from tests.chaos.parts import Parts
from tests.chaos.replicas import OURS, Release, fault_points, replica, through
from tests.support.eventually import eventually
from tests.support.patience import PATIENCE

REPLICAS = {"case-api": 2, "d365-sync": 3, "status-sync": 2}  # and one more of each, for rebalances
DEALERS = 8
D365_TIMEOUT_SECONDS = 2
SETTLE_SECONDS = 5
_READY_SECONDS = 60 * PATIENCE
_DISK_MEGABYTES = 1024
_SETTINGS = {
    "D365_TIMEOUT_SECONDS": str(D365_TIMEOUT_SECONDS),
    "D365_SETTLE_SECONDS": str(SETTLE_SECONDS),
    "D365_POLL_SECONDS": "2",
    "D365_BREAKER_SECONDS": "1",
    "D365_BACKOFF_MAX_SECONDS": "2",
    "D365_ACCEPT_RARE_DUPLICATES": "true",
    "RESEND_FIRST_SECONDS": "10",
    "RATE_LIMIT_USER_PER_MINUTE": "0",
}
_SANDBOX = {
    "SANDBOX_UNIQUE_WEB_CASE_ID": "false",
    "SANDBOX_TIMEOUT_SECONDS": str(D365_TIMEOUT_SECONDS),
    "SANDBOX_LATENCY_SECONDS": "0.02",
    "SANDBOX_CUSTOMERS": str(DEALERS),
    "SANDBOX_EVENTS_RETRY_SECONDS": "0.5",
    "SANDBOX_FAULTS": json.dumps([{"id": "marked", "kind": "reject", "operation": "create", "text": REFUSED}]),
}
_MAPPING = 'web_case_id_unique = false\n\n[document_queue]\nentity_set = "DocumentQueueLogs"\n'
_POSTGRES = {"max_connections": "300"}
_ON_SMALL_DISK = {"max_wal_size": "256MB", "min_wal_size": "64MB"}
# Categories that every legal entity has, with names that are unique among the types.
_CATEGORIES = """
SELECT category FROM status_sync.categories WHERE category_type NOT IN ('HumanResources', 'FMLA', 'Audit')
GROUP BY category HAVING count(*) = (SELECT count(DISTINCT data_area_id) FROM status_sync.categories) ORDER BY category
"""
_LISTENERS = ("case-api", "d365-sync", "status-sync", "sandbox")


@dataclass
class World:
    """The running system; `disk` is PostgreSQL's own small disk, if this user could create one."""

    plan: Plan
    parts: Parts
    links: dict[str, Link]
    session: aiohttp.ClientSession
    fault_points: Path
    disk: Path | None
    dealers: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    # Web Case IDs whose document has a number that D365 no longer has, over all seeds of this world.
    gone: set[str] = field(default_factory=set)
    # Records that somebody else wrote into the topics, and whether they must be set aside as unreadable.
    odd: dict[Place, bool] = field(default_factory=dict)
    history: History | None = None
    backed_up_at: datetime | None = None
    # Replicas that clients know of, and do not ask: a load balancer has taken them out.
    resting: set[str] = field(default_factory=set)

    @property
    def superuser_url(self) -> str:
        """The database, past every link."""
        return self.plan.database_url(postgres.SUPERUSER)

    @property
    def folder(self) -> Path:
        """Everything that this world writes."""
        return self.plan.data_dir

    @property
    def sandbox_url(self) -> str:
        """D365, past every link."""
        return self.plan.url("sandbox")

    @property
    def portal_urls(self) -> list[str]:
        """case-api as portals reach it: a link for each replica that serves."""
        portals = [link for link in self.links.values() if link.client == "portal"]
        return [f"http://{HOST}:{link.port}" for link in portals if link.server not in self.resting]

    @property
    def case_api_urls(self) -> list[str]:
        """case-api, past every link."""
        return [f"http://{HOST}:{link.target_port}" for link in self.links.values() if link.client == "portal"]

    def serving(self, kind: str) -> list[str]:
        """The names of a service's replicas that serve."""
        names = [f"{kind}-{number}" for number in range(1, REPLICAS[kind] + 1)]
        return [name for name in names if name not in self.resting]

    def service_url(self, name: str) -> str:
        """The URL of a replica, past every link."""
        return self.plan.url(name)

    @property
    def kafka(self) -> str:
        """Kafka, past every link."""
        return f"{HOST}:{self.plan.ports['kafka']}"

    def token(self, user: str, *dealers: str, minutes: int = 600) -> str:
        """A token for a dealer's user, or for an operator if no dealer is given."""
        scopes = DEALER_SCOPES if dealers else OPERATOR_SCOPES
        signer = TokenSigner(load_key(self.folder / "oidc"), self.plan.url("oidc"), "casebridge")
        who = User(user, "test", dealers, scopes)
        return signer.access_token(who, client_id="casebridge", scope=" ".join(scopes), lifetime_seconds=minutes * 60)


@asynccontextmanager
async def running(
    folder: Path, more: Mapping[str, str] | None = None, *, release: Release = OURS, mapping: str = ""
) -> AsyncIterator[World]:
    """Build all in `folder`, and run it, the services of `release`; `mapping` is added to the mapping of D365.

    `more`: further settings, as for a large world, in which PostgreSQL's disk is not small.
    """
    async with AsyncExitStack() as stack:
        disk = _make_disk(folder / "disk") if more is None else None
        if disk:
            stack.callback(_remove_disk, disk)
        plan, links = _plan(folder, mapping, more or {})
        processes = Parts()
        stack.push_async_callback(processes.end)
        for link in links.values():
            await link.open()
            stack.push_async_callback(link.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        world = World(plan, processes, links, session, fault_points(plan), disk)
        world.fault_points.mkdir()
        await _start(world, release)
        processes.keep()
        yield world


def _plan(folder: Path, mapping: str, more: Mapping[str, str]) -> tuple[Plan, dict[str, Link]]:
    replicas = [f"{kind}-{number + 1}" for kind, count in REPLICAS.items() for number in range(count + 1)]
    fixed = ["postgres", "kafka", "kafka-controller", "kafka-services", "oidc", "sandbox", *parts.SERVICES, *replicas]
    listeners = [f"kafka/{client}" for client in _LISTENERS]
    free = free_ports(len(fixed) + len(listeners) + 16)
    ports = dict(zip([*fixed, *listeners], free, strict=False))
    rest = iter(free[len(ports) :])
    ends = [(kind, "postgres", ports["postgres"]) for kind in REPLICAS]
    ends += [(client, "kafka", ports[f"kafka/{client}"]) for client in _LISTENERS]
    ends += [(kind, "d365", ports["sandbox"]) for kind in ("d365-sync", "status-sync")]
    ends += [("sandbox", "status-sync-1", ports["status-sync-1"]), ("services", "oidc", ports["oidc"])]
    ends += [("portal", f"case-api-{number + 1}", ports[f"case-api-{number + 1}"]) for number in range(2)]
    links = {f"{client} → {server}": Link(client, server, next(rest), port) for client, server, port in ends}
    (folder / "mapping.toml").write_text(_MAPPING + mapping)
    ours = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    given = {**ours, **_SETTINGS, **_SANDBOX, **more}
    return Plan(data_dir=folder, ports=ports, given=given, log_format="json"), links


async def _start(world: World, release: Release) -> None:
    plan, processes = world.plan, world.parts
    quiet = Progress(sys.stderr)
    home = world.disk or plan.data_dir
    password(plan.data_dir, "any")
    if world.disk:
        shutil.copy(plan.data_dir / "secret", home / "secret")
    settings = _POSTGRES | (_ON_SMALL_DISK if world.disk else {})
    server, _ = await asyncio.to_thread(postgres.program, home, plan.ports["postgres"], quiet, settings)
    broker = await asyncio.to_thread(_kafka, world, quiet)
    for name, program in {"postgres": server, "kafka": broker, "oidc": parts.oidc(plan)}.items():
        processes.add(name, name, program, plan.data_dir).start()
    for name in ("postgres", "kafka", "oidc"):
        await processes.by_name[name].ready(_READY_SECONDS)
    await asyncio.to_thread(database.prepare, plan)
    await asyncio.to_thread(parts.give_kafka_rights, plan)
    await asyncio.gather(*(asyncio.to_thread(release.migrate, plan, name) for name in parts.SERVICES))
    started = [processes.add("sandbox", "sandbox", _sandbox(world), plan.data_dir)]
    started += [
        processes.add(name, kind, replica(plan, world.links, name, release), plan.data_dir)
        for kind in REPLICAS
        for name in world.serving(kind)
    ]
    for part in started:
        part.start()
    for part in started:
        await part.ready(_READY_SECONDS)
    await eventually(lambda: _know_dealers(world), within_seconds=30)


def spare(world: World, kind: str) -> str:
    """The name of the replica that only rebalances start; adds it if necessary."""
    number = REPLICAS[kind] + 1
    name = f"{kind}-{number}"
    if name not in world.parts.by_name:
        world.parts.add(name, "spare", replica(world.plan, world.links, name), world.folder)
    return name


def _kafka(world: World, progress: Progress) -> Program:
    """Kafka with its own listener and one per client, which it advertises with the address of that client's link.

    At a client's listener each user has only its own rights, as in the local stack.
    """
    ports = world.plan.ports
    program = parts.kafka_server(world.plan, progress)
    file = world.folder / "kafka" / "server.properties"
    settings = dict(line.split("=", 1) for line in file.read_text().splitlines())
    for client in _LISTENERS:
        name = client.upper().replace("-", "_")
        settings["listeners"] += f",{name}://{HOST}:{ports[f'kafka/{client}']}"
        settings["advertised.listeners"] += f",{name}://{HOST}:{world.links[f'{client} → kafka'].port}"
        settings["listener.security.protocol.map"] += f",{name}:SASL_PLAINTEXT"
        for setting in ("sasl.enabled.mechanisms", "plain.sasl.jaas.config"):
            settings[f"listener.name.{name.lower()}.{setting}"] = settings[f"listener.name.services.{setting}"]
    file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return program


def _sandbox(world: World) -> Program:
    event_url = f"http://{HOST}:{world.links['sandbox → status-sync-1'].port}/v1/d365/events"
    more = {
        "SANDBOX_KAFKA_BOOTSTRAP_SERVERS": through(world.links, "sandbox → kafka"),
        "SANDBOX_EVENTS_HTTPS_URL": event_url,
    }
    return _with(parts.sandbox(world.plan), more)


def _with(program: Program, more: Mapping[str, str]) -> Program:
    return Program(
        name=program.name,
        argv=program.argv,
        folder=program.folder,
        environment={**program.environment, **more},
        is_ready=program.is_ready,
    )


async def _know_dealers(world: World) -> bool:
    """Whether status-sync has read all of D365's customers and their categories."""
    connection = await asyncpg.connect(world.superuser_url)
    try:
        dealers = await connection.fetch("SELECT dealer FROM status_sync.dealers ORDER BY dealer")
        categories = await connection.fetch(_CATEGORIES)
    finally:
        await connection.close()
    world.dealers = [row["dealer"] for row in dealers]
    world.categories = [row["category"] for row in categories]
    return len(dealers) >= DEALERS and bool(categories)


def _make_disk(place: Path) -> Path | None:
    """A small disk for PostgreSQL, so that it can fill up; None if this user may not mount one."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MEGABYTES}m,mode=755", "casebridge-chaos", str(place)]
    made = os.geteuid() == 0 and shutil.which("mount") and not subprocess.run(command, check=False).returncode
    return place if made else None


def _remove_disk(place: Path) -> None:
    subprocess.run(["umount", "--lazy", str(place)], check=True)
