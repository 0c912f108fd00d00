"""One running stack for all end-to-end tests."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support import stack as stacks
from tests.support import traces
from tests.support.patience import PATIENCE

# D365's answer may take this long, and a POST may land this long after its sender gave up.
TIMEOUT_SECONDS, SETTLE_SECONDS = f"{2 * PATIENCE:g}", f"{3 * PATIENCE:g}"


@pytest_asyncio.fixture(scope="session")
async def collector() -> AsyncIterator[traces.Collector]:
    """What gets the traces of the stack."""
    async with traces.collector() as started:
        yield started


@pytest_asyncio.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory, collector: traces.Collector) -> AsyncIterator[stacks.Stack]:
    """`casebridge up`, with shorter waits for D365, so that a test does not take minutes."""
    environment = {
        "D365_TIMEOUT_SECONDS": TIMEOUT_SECONDS,
        "D365_SETTLE_SECONDS": SETTLE_SECONDS,
        "D365_POLL_SECONDS": "2",
        "D365_BREAKER_SECONDS": "1",
        "D365_BACKOFF_MAX_SECONDS": "2",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "300",
    }
    async with stacks.up(tmp_path_factory.mktemp("stack") / "data", environment=environment) as running:
        yield running
