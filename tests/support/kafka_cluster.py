"""Three brokers of the local stack's Kafka as one cluster, each broker and controller, to be killed and restarted."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from kafka.admin import KafkaAdminClient

from casebridge import kafka, servers
from casebridge.output import Progress
from casebridge.ports import HOST, free_ports
from casebridge.program import Program
from tests.support.eventually import eventually

NODES = (1, 2, 3)
# Each internal topic is kept as safely as ours.
_REPLICATED = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    # A broker that stops hands its partitions over first.
    "controlled.shutdown.enable": "true",
}


@dataclass
class Cluster:
    """The brokers by their node ids; one that is down is not in `running`."""

    folder: Path
    programs: dict[int, Program]
    addresses: dict[int, str]
    running: dict[int, servers.RunningServer] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        """All addresses, as a client is given them."""
        return ",".join(self.addresses.values())

    async def start(self, *nodes: int) -> None:
        """Start brokers and wait until they take connections."""
        started = await asyncio.gather(*(asyncio.to_thread(self._start, node) for node in nodes))
        self.running.update(zip(nodes, started, strict=True))

    def kill(self, *nodes: int) -> None:
        """Kill -9 brokers."""
        for node in nodes:
            self.running.pop(node).kill()

    async def stop(self, node: int) -> None:
        """Stop a broker as its service manager does."""
        await asyncio.to_thread(self.running.pop(node).stop)

    async def controller(self) -> int:
        """The node id of the controller that leads: metadata name any broker, so the quorum is asked."""
        return await asyncio.to_thread(_quorum_leader, self.bootstrap)

    async def in_sync(self, topics: Sequence[str]) -> None:
        """Wait until each partition of `topics` is in sync on every broker that it is kept on."""
        await eventually(lambda: self._all_in_sync(topics), within_seconds=60, every_seconds=0.3)

    def _start(self, node: int) -> servers.RunningServer:
        folder = self.folder / str(node)
        return servers.start(self.programs[node], self.addresses[node], folder)

    async def _all_in_sync(self, topics: Sequence[str]) -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            await admin.start()
            described = await admin.describe_topics(list(topics))
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()
        partitions = [one for topic in described for one in topic["partitions"]]
        return bool(partitions) and all(len(one["isr"]) == len(NODES) for one in partitions)


@asynccontextmanager
async def kafka_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """Run three brokers; killed at the end."""
    ports = free_ports(2 * len(NODES))
    listening = dict(zip(NODES, ports[: len(NODES)], strict=True))
    controllers = dict(zip(NODES, ports[len(NODES) :], strict=True))
    voters = ",".join(f"{node}@{HOST}:{port}" for node, port in controllers.items())
    cluster_id = kafka.new_cluster_id()

    def program(node: int) -> Program:
        settings = {**_REPLICATED, "node.id": str(node), "controller.quorum.voters": voters}
        home, progress = folder / str(node), Progress(sys.stderr)
        return kafka.program(
            home, listening[node], controllers[node], progress, settings=settings, cluster_id=cluster_id
        )

    programs = dict(
        zip(NODES, await asyncio.gather(*(asyncio.to_thread(program, node) for node in NODES)), strict=True)
    )
    cluster = Cluster(folder, programs, {node: f"{HOST}:{port}" for node, port in listening.items()})
    await cluster.start(*NODES)
    try:
        yield cluster
    finally:
        cluster.kill(*list(cluster.running))


def _quorum_leader(bootstrap: str) -> int:
    admin = KafkaAdminClient(bootstrap_servers=bootstrap.split(","))
    try:
        ((topic,),) = [admin.describe_metadata_quorum()["topics"]]
        return int(topic["partitions"][0]["leader_id"])
    finally:
        admin.close()
