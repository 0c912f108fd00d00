"""PostgreSQL and Kafka for the tests: the local stack's, or containers (`--backend=containers`)."""

import asyncio
import io
import os
import shutil
import signal
import tarfile
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from casebridge import servers
from casebridge.ports import free_ports

# Test data need not survive a crash of the machine, and nobody steals the passwords of tests.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "256MB",
    "scram_iterations": "1",
}
# Each test's database has 380 files: on a busy disk they take most of the time.
MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 3 * 1024**3


@dataclass(frozen=True)
class Servers:
    """Addresses: `postgres` is a superuser's URL, `kafka` a host:port; and the broker's folder, if it is local."""

    postgres: str
    kafka: str
    kafka_folder: Path | None = None


@contextmanager
def local(folder: Path) -> Iterator[Servers]:
    """The local stack's PostgreSQL and Kafka, each in its own folder."""
    (folder / "kafka").mkdir()
    with postgres(folder) as address:
        broker = servers.start_kafka(folder / "kafka")
        try:
            yield Servers(address, broker.address, folder / "kafka")
        finally:
            broker.kill()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """The local stack's PostgreSQL; yields a superuser's URL."""
    with _in_memory(folder) as cluster:
        database = servers.start_postgres(cluster, settings=FAST)
        try:
            yield database.address
        finally:
            database.stop()  # a kill would leave its shared memory allocated


@dataclass
class OwnKafka:
    """A test's own Kafka, to be frozen, killed and restarted with the same address and records."""

    folder: Path
    ports: tuple[int, int]
    server: servers.RunningServer

    @property
    def address(self) -> str:
        """Its host:port."""
        return self.server.address

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.server.pid, number)

    async def restart(self) -> None:
        """Kill -9 it if it still runs, and start it again."""
        self.server.kill()
        self.server = await asyncio.to_thread(servers.start_kafka, self.folder, *self.ports)


@asynccontextmanager
async def own_kafka(folder: Path) -> AsyncIterator[OwnKafka]:
    """A Kafka that nobody else uses; killed at the end."""
    port, controller_port = free_ports(2)
    server = await asyncio.to_thread(servers.start_kafka, folder, port, controller_port)
    kafka = OwnKafka(folder, (port, controller_port), server)
    try:
        yield kafka
    finally:
        kafka.server.kill()


@contextmanager
def _in_memory(folder: Path) -> Iterator[Path]:
    """A folder in memory if it has room, otherwise in `folder`; removes what killed runs left in memory."""
    prefix = "casebridge-tests-"
    for left in MEMORY.glob(f"{prefix}*"):
        if not psutil.pid_exists(int(left.name.split("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES
    with tempfile.TemporaryDirectory(prefix=f"{prefix}{os.getpid()}-", dir=MEMORY if room else folder) as made:
        yield Path(made)


@contextmanager
def containers() -> Iterator[Servers]:
    """Official images, run by testcontainers."""
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    listeners = "PLAINTEXT://:9092,INTERNAL://:29092,CONTROLLER://:9093"
    # Kafka must advertise the mapped address, which is known only once the container runs.
    wait_for_address = "while [ ! -f /tmp/go ]; do sleep 0.1; done; . /tmp/go; exec /etc/kafka/docker/run"
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": listeners,
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "INTERNAL",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }
    kafka = DockerContainer(os.environ.get("KAFKA_IMAGE", "apache/kafka:4.4.0")).with_exposed_ports(9092)
    for name, value in settings.items():
        kafka = kafka.with_env(name, value)
    kafka = kafka.with_command(["sh", "-c", wait_for_address])
    with PostgresContainer(os.environ.get("POSTGRES_IMAGE", "postgres:18"), driver=None) as database, kafka:
        address = f"{kafka.get_container_host_ip()}:{kafka.get_exposed_port(9092)}"
        advertised = f"PLAINTEXT://{address},INTERNAL://localhost:29092"
        kafka.get_wrapped_container().put_archive(
            "/tmp", _archive("go", f"export KAFKA_ADVERTISED_LISTENERS={advertised}\n")
        )
        LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(60).wait_until_ready(kafka)
        yield Servers(database.get_connection_url(), address)


def _archive(name: str, content: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        entry.mode = 0o644
        archive.addfile(entry, io.BytesIO(content.encode()))
    return buffer.getvalue()
