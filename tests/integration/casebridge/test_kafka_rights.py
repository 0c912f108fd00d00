"""The rights in Kafka, on a real broker with TLS and SASL: each user can do its work, and nothing that another does.

The rights are those that `casebridge kafka acls` prints, read from its statements as `kafka-acls.sh` reads them.
"""

import argparse
import asyncio
import json
import shlex
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
)
from kafka.admin import ResourceType as KafkaResourceType
from pydantic import SecretStr
from typer.testing import CliRunner

from case_shared.kafka.connection import KafkaSettings, connection_arguments, create_producer
from case_shared.kafka.durability import shortfalls
from case_shared.kafka.restoring import read_log, rewind
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, ensure_topics
from casebridge import kafka, servers
from casebridge.cli import app
from casebridge.kafka_rights import D365_EVENTS, MIGRATIONS, USERS, rights
from casebridge.output import Progress
from casebridge.ports import HOST, free_ports
from tests.support.eventually import eventually
from tests.support.tls import server_certificate

TOPICS = (CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED, D365_EVENTS)
WRITES = {
    "case-api": {CASE_SUBMITTED},
    "d365-sync": {CASE_DELIVERY},
    "status-sync": {CASE_STATUS_CHANGED, D365_EVENTS},
    "d365": {D365_EVENTS},
}
READS = {
    "case-api": {CASE_DELIVERY, CASE_STATUS_CHANGED},
    "d365-sync": {CASE_SUBMITTED, CASE_STATUS_CHANGED},
    "status-sync": {CASE_DELIVERY, D365_EVENTS},
}


@dataclass(frozen=True)
class Secured:
    """A broker's door with TLS and SASL, and the file with its authority."""

    port: int
    ca_file: Path

    def settings(self, user: str, password: str | None = None) -> KafkaSettings:
        """How `user` reaches it."""
        return KafkaSettings(
            kafka_bootstrap_servers=f"{HOST}:{self.port},{HOST}:{self.port}",
            kafka_security_protocol="SASL_SSL",
            kafka_ca_file=self.ca_file,
            kafka_sasl_username=user,
            kafka_sasl_password=SecretStr(password or f"{user}-password"),
        )


def printed_acls() -> list[ACL]:
    """What the command prints, as kafka-acls.sh understands it."""
    result = CliRunner().invoke(app, ["kafka", "acls", "--json", "--bootstrap-server", "any:9092"])
    assert result.exit_code == 0, result.output
    return [as_acl(one["statement"]) for one in json.loads(result.output)["rights"]]


def as_acl(statement: str) -> ACL:
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    parser.add_argument("--add", action="store_true", required=True)
    for name in ("bootstrap-server", "allow-principal", "operation"):
        parser.add_argument(f"--{name}", required=True)
    resource = parser.add_mutually_exclusive_group(required=True)
    resource.add_argument("--topic")
    resource.add_argument("--group")
    parser.add_argument("--resource-pattern-type", default="literal")
    command, *arguments = shlex.split(statement)
    assert command == "kafka-acls.sh"
    given = parser.parse_args(arguments)
    operations = {one.name.replace("_", "").lower(): one for one in ACLOperation}
    return ACL(
        principal=given.allow_principal,
        host="*",
        operation=operations[given.operation.lower()],
        permission_type=ACLPermissionType.ALLOW,
        resource_pattern=ResourcePattern(
            KafkaResourceType.TOPIC if given.topic else KafkaResourceType.GROUP,
            given.topic or given.group,
            ACLResourcePatternType[given.resource_pattern_type.upper()],
        ),
    )


@pytest_asyncio.fixture(scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    """A broker at which rights count; the printed ones are given, and the topics are there."""
    folder = tmp_path_factory.mktemp("kafka")
    _, ca_file = server_certificate(folder)
    open_port, controller, port = free_ports(3)
    door = kafka.Secured(port, {user: f"{user}-password" for user in USERS}, folder / "server.pem")
    program = kafka.program(folder, open_port, controller, Progress(sys.stderr), door)
    server = await asyncio.to_thread(servers.start, program, f"{HOST}:{open_port}", folder)
    try:
        await asyncio.to_thread(give_rights, server.address)
        # The broker's authorizer follows the controller a moment later.
        await eventually(lambda: asyncio.to_thread(rights_given, server.address), lambda count: count == len(rights()))
        yield Secured(port, ca_file)
    finally:
        await asyncio.to_thread(server.stop)


def give_rights(address: str) -> None:
    admin = KafkaAdminClient(bootstrap_servers=address)
    try:
        assert admin.create_acls(printed_acls())["failed"] == []
    finally:
        admin.close()


def rights_given(address: str) -> int:
    """How many the broker knows."""
    admin = KafkaAdminClient(bootstrap_servers=address)
    try:
        anything = ResourcePatternFilter(KafkaResourceType.ANY, None, ACLResourcePatternType.ANY)
        found, _ = admin.describe_acls(
            ACLFilter(
                principal=None,
                host=None,
                operation=ACLOperation.ANY,
                permission_type=ACLPermissionType.ANY,
                resource_pattern=anything,
            )
        )
        return len(found)
    finally:
        admin.close()


@pytest_asyncio.fixture(scope="module")
async def topics(secured: Secured) -> None:
    """The topics, made as `migrate` makes them."""
    assert set(await ensure_topics(secured.settings(MIGRATIONS), *TOPICS)) == set(TOPICS)


@pytest.mark.usefixtures("topics")
async def test_each_user_writes_its_own_topics_and_no_others(secured: Secured) -> None:
    for user, allowed in WRITES.items():
        producer = create_producer(secured.settings(user), client_id="test")
        await producer.start()
        try:
            for topic in TOPICS:
                if topic in allowed:
                    await producer.send_and_wait(topic, b"value")
                else:
                    with pytest.raises(TopicAuthorizationFailedError):
                        await producer.send_and_wait(topic, b"value")
        finally:
            await producer.stop()


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize("user", READS)
async def test_each_service_reads_its_own_topics_with_its_own_groups(secured: Secured, user: str) -> None:
    for topic in TOPICS:
        place = TopicPartition(topic, 0)
        consumer = AIOKafkaConsumer(
            **connection_arguments(secured.settings(user)), group_id=f"{user}.{topic}", enable_auto_commit=False
        )
        await consumer.start()
        try:
            consumer.assign([place])
            if topic in READS[user]:
                await consumer.commit({place: 0})
            else:
                with pytest.raises(TopicAuthorizationFailedError):
                    await consumer.commit({place: 0})
        finally:
            await consumer.stop()


@pytest.mark.usefixtures("topics")
async def test_no_service_reads_with_the_group_of_another(secured: Secured) -> None:
    async with AIOKafkaConsumer(
        **connection_arguments(secured.settings("case-api")), group_id="d365-sync.case.submitted.v1"
    ) as consumer:
        consumer.assign([TopicPartition(CASE_DELIVERY, 0)])
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.commit({TopicPartition(CASE_DELIVERY, 0): 0})


@pytest.mark.usefixtures("topics")
async def test_the_migrations_user_may_do_what_migrate_and_restored_do(secured: Secured) -> None:
    settings = secured.settings(MIGRATIONS)
    asked = settings.model_copy(update={"kafka_replication_factor": 2, "kafka_min_insync_replicas": 2})
    assert len(await shortfalls(asked, list(TOPICS))) == 2 * len(TOPICS), "all are described"
    async for _ in read_log(settings, CASE_SUBMITTED):
        pass
    await rewind(settings, "d365-sync.case.submitted.v1", CASE_SUBMITTED)


@pytest.mark.parametrize(("user", "password"), [("case-api", "wrong"), ("stranger", "x"), (MIGRATIONS, None)])
async def test_who_may_not_write_gets_no_producer(secured: Secured, user: str, password: str | None) -> None:
    producer = create_producer(secured.settings(user, password), client_id="test")
    try:
        with pytest.raises(KafkaError):
            await producer.start()
    finally:
        await producer.stop()


def test_the_statements_for_an_administrator_are_printed_by_service() -> None:
    arguments = ["kafka", "acls", "--topic-prefix", "test.", "--bootstrap-server", "a:9092,b:9092"]
    result = CliRunner().invoke(app, [*arguments, "--command-config", "admin.properties"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line for line in lines if line.startswith("# ")] == [f"# {user}" for user in USERS]
    statements = [line for line in lines if not line.startswith("# ")]
    assert len(statements) == len(rights())
    command = "kafka-acls.sh --bootstrap-server a:9092,b:9092 --command-config admin.properties --add"
    assert all(line.startswith(f"{command} --allow-principal User:") for line in statements)
    assert f"{command} --allow-principal User:case-api --operation Write --topic test.case.submitted.v1" in lines
    assert any("--group d365-sync. --resource-pattern-type prefixed" in line for line in lines)


def test_the_rights_of_one_service_alone_are_printed() -> None:
    result = CliRunner().invoke(app, ["kafka", "acls", "--service", "d365", "--bootstrap-server", "a:9092"])
    command = "kafka-acls.sh --bootstrap-server a:9092 --add --allow-principal User:d365"
    assert result.output.splitlines() == ["# d365", f"{command} --operation Write --topic d365.case-events.v1"]
    wrong = CliRunner().invoke(app, ["kafka", "acls", "--service", "nobody"])
    assert wrong.exit_code != 0
