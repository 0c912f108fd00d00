"""PostgreSQL and Kafka start, stop, die and come back with their data."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from casebridge import servers
from tests.support.patience import PATIENCE

RECOVERY_SECONDS = 10 * PATIENCE


@pytest.mark.nightly  # make chaos-short kills PostgreSQL
def test_postgres_keeps_its_data_when_it_is_killed_and_when_it_is_stopped(tmp_path: Path) -> None:
    server = servers.start_postgres(tmp_path)
    port = urlsplit(server.address).port
    with psycopg.connect(server.address) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    server.kill()
    began = time.monotonic()
    server = servers.start_postgres(tmp_path, port)
    assert time.monotonic() - began < RECOVERY_SECONDS
    server.stop()
    server = servers.start_postgres(tmp_path, port)
    try:
        with psycopg.connect(server.address) as connection:
            assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]
    finally:
        server.stop()


def test_postgres_starts_although_another_process_has_the_old_one_s_number(tmp_path: Path) -> None:
    server = servers.start_postgres(tmp_path)
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.kill()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server = servers.start_postgres(tmp_path)
    server.stop()
    assert psutil.pid_exists(os.getpid())


def test_postgres_asks_for_its_password_and_listens_on_loopback_alone(tmp_path: Path) -> None:
    server = servers.start_postgres(tmp_path)
    try:
        with psycopg.connect(server.address) as connection:
            [settings] = connection.execute(
                "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')"
            ).fetchall()
            assert settings == ("127.0.0.1", "")
        wrong = psycopg.conninfo.make_conninfo(server.address, password="guess")
        try:
            psycopg.connect(wrong).close()
        except psycopg.OperationalError as error:
            assert "password authentication failed" in str(error)  # noqa: PT017 - psycopg has no class for it
        else:
            raise AssertionError("a wrong password was accepted")
    finally:
        server.stop()


@pytest.mark.nightly  # make chaos-short kills Kafka
async def test_kafka_keeps_its_records_when_it_is_killed(tmp_path: Path) -> None:
    server = servers.start_kafka(tmp_path)
    _, port = server.address.split(":")
    try:
        admin = AIOKafkaAdminClient(bootstrap_servers=server.address)
        await admin.start()
        await admin.create_topics([NewTopic("kept", 1, 1)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=server.address, enable_idempotence=True) as producer:
            await producer.send_and_wait("kept", b"record")
        server.kill()
        began = time.monotonic()
        server = servers.start_kafka(tmp_path, int(port))
        assert time.monotonic() - began < RECOVERY_SECONDS
        consumer = AIOKafkaConsumer("kept", bootstrap_servers=server.address, auto_offset_reset="earliest")
        async with consumer:
            assert (await consumer.getone()).value == b"record"
    finally:
        server.stop()


def test_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = "import sys, pathlib; from casebridge.servers import start_postgres"
    script += "; print(start_postgres(pathlib.Path(sys.argv[1])).pid, flush=True); sys.stdin.read()"
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    psutil.wait_procs([server], timeout=RECOVERY_SECONDS)
    assert not server.is_running()
