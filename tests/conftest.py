"""Shared fixtures: PostgreSQL, Kafka and the sandbox per session; a database and topics per test."""

import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import hypothesis
import pytest
import pytest_asyncio
import structlog
from xdist.scheduler import LoadFileScheduling

from case_shared.kafka.connection import KafkaSettings
from case_shared.web.service import collect_garbage_less_often
from tests.support import brokers, databases, sandbox, servers

# jsonschema would compile grammars of IRIs, which takes each process two seconds of a core. No document has an IRI.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
# httpx2 looks for it at each call of an application in the same process, in vain: a third of a millisecond.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend",
        choices=["local", "containers"],
        default="local",
        help="where PostgreSQL and Kafka come from: the local stack, or official images by testcontainers",
    )
    parser.addoption("--screenshots", help="folder into which tests/e2e/browser draws every page")
    parser.addoption("--few-looks", action="store_true", help="check only some pages in every look (tests/e2e/browser)")


# The time that an example takes depends on the machine's load, not on our code.
hypothesis.settings.register_profile("ours", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("ours")


def pytest_configure() -> None:
    """Use plain stack traces in logs of this process."""
    # structlog's own, with all variables, take seconds.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


def pytest_collection_finish() -> None:
    """Exempt thousands of tests from garbage collection: it took a tenth of the processor's time."""
    collect_garbage_less_often()


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Undo what a command did to the logs of this process: it writes to a standard error that is closed by now."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


# The longest files come first, so that all workers end at about the same time.
STACK, BROWSER, SCENARIOS = "tests/e2e/", "tests/e2e/browser/", "tests/chaos/scenarios/test_"
SLOWEST = (
    f"{BROWSER}console/test_looks",
    f"{BROWSER}test_pages",
    STACK,
    f"{SCENARIOS}restore.py::test_the_local_stack",
    *(f"{SCENARIOS}{name}" for name in ("throttling", "restore.", "replays", "failover", "rolling", "late_delivery")),
    "tests/integration",
    "tests/contract",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort whole files into the order in which workers take them; within a file nothing changes."""

    def place(item: pytest.Item) -> int:
        return next((place for place, folder in enumerate(SLOWEST) if item.nodeid.startswith(folder)), len(SLOWEST))

    items.sort(key=place)


class Files(LoadFileScheduling):  # type: ignore[misc]
    """One worker runs a whole file, and all files that share a stack: the stack is not started twice.

    For browser tests, a stack per worker is worth its start.
    """

    def _split_scope(self, nodeid: str) -> str:
        on_the_stack = nodeid.startswith(STACK) and not nodeid.startswith(BROWSER)
        return STACK if on_the_stack else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Files | None:
    """Replace `--dist loadfile`."""
    return Files(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def running_servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[servers.Servers]:
    """PostgreSQL and Kafka, for the whole session."""
    if request.config.getoption("--backend") == "containers":
        with servers.containers() as running:
            yield running
    else:
        with servers.local(tmp_path_factory.mktemp("servers")) as running:
            yield running


@pytest_asyncio.fixture(scope="session")
async def template_database(running_servers: servers.Servers) -> str:
    """Name of a database with every migration run."""
    return await databases.create_template(running_servers.postgres)


@pytest_asyncio.fixture
async def database(running_servers: servers.Servers, template_database: str) -> AsyncIterator[databases.Database]:
    """The test's own database."""
    async with databases.cloned(running_servers.postgres, template_database) as clone:
        yield clone


@pytest_asyncio.fixture(scope="module")
async def module_database(
    running_servers: servers.Servers, template_database: str
) -> AsyncIterator[databases.Database]:
    """A database that all tests of a file share."""
    async with databases.cloned(running_servers.postgres, template_database) as clone:
        yield clone


@pytest.fixture
def broker(running_servers: servers.Servers) -> brokers.Broker:
    """Kafka with the test's own topics and groups; `create` creates the topics."""
    prefix = f"t{uuid.uuid4().hex[:10]}."
    return brokers.Broker(
        KafkaSettings(
            # Two addresses, as a cluster has: a client that takes the string for one address would reach nothing.
            kafka_bootstrap_servers=f"{running_servers.kafka},{running_servers.kafka}",
            kafka_topic_prefix=prefix,
            kafka_group_prefix=prefix,
            kafka_session_timeout_seconds=3,
        )
    )


@pytest_asyncio.fixture(scope="session")
async def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[sandbox.Sandbox]:
    """The D365 sandbox, for the whole session."""
    async with sandbox.started(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest_asyncio.fixture
async def d365(running_sandbox: sandbox.Sandbox) -> AsyncIterator[sandbox.Sandbox]:
    """The D365 sandbox after a reset."""
    await running_sandbox.reset()
    yield running_sandbox
