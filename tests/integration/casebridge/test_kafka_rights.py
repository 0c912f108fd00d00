"""The rights in Kafka, on a real broker with SASL: each user can do its own work, but no other user's."""

import sys
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from pydantic import SecretStr
from typer.testing import CliRunner

from case_shared.kafka.connection import KafkaSettings, connection_arguments, create_producer
from case_shared.kafka.topics import CASE_DELIVERY, CASE_STATUS_CHANGED, CASE_SUBMITTED, ensure_topics
from casebridge import kafka, servers
from casebridge.cli import app
from casebridge.kafka_admin import grant
from casebridge.kafka_rights import D365_EVENTS, MIGRATIONS, USERS, rights
from casebridge.output import Progress
from casebridge.ports import HOST, free_ports

TOPICS = (CASE_SUBMITTED, CASE_DELIVERY, CASE_STATUS_CHANGED, D365_EVENTS)
WRITES = {
    "case-api": {CASE_SUBMITTED},
    "d365-sync": {CASE_DELIVERY},
    "status-sync": {CASE_STATUS_CHANGED, D365_EVENTS},
    "d365": {D365_EVENTS},
}


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a broker that checks rights, with the rights granted."""
    folder = tmp_path_factory.mktemp("kafka")
    open_port, controller, port = free_ports(3)
    door = kafka.Secured(port, {user: f"{user}-password" for user in USERS})
    program = kafka.program(folder, open_port, controller, Progress(sys.stderr), door)
    server = servers.start(program, f"{HOST}:{open_port}", folder)
    try:
        grant(KafkaSettings(kafka_bootstrap_servers=server.address), rights())
        yield port
    finally:
        server.stop()


def settings(port: int, user: str, password: str | None = None) -> KafkaSettings:
    return KafkaSettings(
        kafka_bootstrap_servers=f"{HOST}:{port}",
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_username=user,
        kafka_sasl_password=SecretStr(password or f"{user}-password"),
    )


async def test_each_user_writes_its_own_topics_and_no_others(secured: int) -> None:
    assert set(await ensure_topics(settings(secured, MIGRATIONS), *TOPICS)) == set(TOPICS)
    for user, allowed in WRITES.items():
        producer = create_producer(settings(secured, user), client_id="test")
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


async def test_no_service_reads_with_the_group_of_another(secured: int) -> None:
    async with AIOKafkaConsumer(
        **connection_arguments(settings(secured, "case-api")), group_id="d365-sync.case.submitted.v1"
    ) as consumer:
        consumer.assign([TopicPartition(CASE_DELIVERY, 0)])
        with pytest.raises(GroupAuthorizationFailedError):
            await consumer.commit({TopicPartition(CASE_DELIVERY, 0): 0})


@pytest.mark.parametrize(("user", "password"), [("case-api", "wrong"), ("stranger", "x"), (MIGRATIONS, None)])
async def test_who_may_not_write_gets_no_producer(secured: int, user: str, password: str | None) -> None:
    producer = create_producer(settings(secured, user, password), client_id="test")
    try:
        with pytest.raises(KafkaError):
            await producer.start()
    finally:
        await producer.stop()


def test_the_statements_for_an_administrator_are_printed() -> None:
    told = CliRunner().invoke(app, ["kafka", "acls", "--topic-prefix", "test."])
    lines = told.output.splitlines()
    assert told.exit_code == 0
    assert len(lines) == len(rights())
    assert (
        "kafka-acls.sh --add --allow-principal User:case-api --operation Write --topic test.case.submitted.v1" in lines
    )
    assert any("--group d365-sync. --resource-pattern-type prefixed" in line for line in lines)
