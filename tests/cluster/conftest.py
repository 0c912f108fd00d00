"""A cluster for the whole session, and Casebridge on it for all tests of a file."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from case_shared.kafka.connection import KafkaSettings
from tests.cluster.world import World
from tests.support import sandbox as sandboxes
from tests.support import servers
from tests.support.brokers import Broker
from tests.support.databases import Database
from tests.support.kafka_cluster import Cluster, kafka_cluster
from tests.support.portal import DEALER, portal
from tests.support.replicas import fleet


@pytest_asyncio.fixture(scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cluster]:
    """Three brokers."""
    async with kafka_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="session")
def running_servers(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Servers]:
    """PostgreSQL, and the cluster in place of the one broker that other tests have."""
    with servers.postgres(tmp_path_factory.mktemp("postgres")) as address:
        yield servers.Servers(address, cluster.bootstrap)


@pytest_asyncio.fixture(scope="module")
async def world(
    cluster: Cluster, module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """All services, two replicas of the one that delivers, and a D365 without a unique Web Case ID to lean on."""
    folder = tmp_path_factory.mktemp("world")
    broker = Broker(
        KafkaSettings(
            kafka_bootstrap_servers=cluster.bootstrap,
            kafka_topic_prefix="cluster.",
            kafka_group_prefix="cluster.",
            kafka_session_timeout_seconds=3,
            kafka_replication_factor=3,
            kafka_min_insync_replicas=2,
        )
    )
    async with (
        sandboxes.started(folder, unique_web_case_id="false") as d365,
        fleet(module_database, broker, d365, folder) as started,
    ):
        api = await started.start("case_api")
        await started.start("status_sync")
        # As many requests at once as two cores of a busy machine answer in time: D365 is not what is tested here.
        await started.pair("d365_sync", D365_MAX_CONCURRENCY="8")
        async with portal(started.token(DEALER), api.url) as dealer:
            yield World(cluster, broker, module_database, d365, started, dealer)
