"""Two replicas of each service behind nginx or haproxy, with the samples' settings but for addresses and TLS."""

import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psutil
import pytest
import pytest_asyncio

from casebridge.parts import SERVICES
from tests.support import stack as stacks
from tests.support.eventually import eventually
from tests.support.processes import Process, free_port, running

SAMPLES = Path(__file__).parents[2] / "deploy" / "proxies"
NAMES = ("portal-web", "case-api", "d365-sync")
HOSTS = {"portal-web": "portal.example", "case-api": "api.example", "d365-sync": "operators.example"}
# So few that a test can use them up, and the others' requests are by users.
PER_ADDRESS = 30


@dataclass
class Front:
    """A proxy with what is behind it; `urls` by service, as clients outside see them."""

    stack: stacks.Stack
    urls: dict[str, str]
    headers: dict[str, dict[str, str]]
    replicas: dict[str, list[Process]] = field(default_factory=dict)

    def client(self, name: str, local: str = "127.0.0.1") -> httpx2.AsyncClient:
        """A client outside, at an address of its own."""
        transport = httpx2.AsyncHTTPTransport(local_address=local)
        return httpx2.AsyncClient(base_url=self.urls[name], headers=self.headers[name], transport=transport, timeout=20)


@pytest_asyncio.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[stacks.Stack]:
    """What the replicas need: PostgreSQL, Kafka, the provider, D365."""
    async with stacks.up(tmp_path_factory.mktemp("stack") / "data") as running_stack:
        yield running_stack


@pytest_asyncio.fixture(scope="module", params=["nginx", "haproxy"])
async def front(
    request: pytest.FixtureRequest, stack: stacks.Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Front]:
    """The proxy, its replicas ready."""
    program = program_of(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    ports = {name: free_port() for name in NAMES}
    if request.param == "haproxy":  # one door for all, which tells them apart by their names
        ports = dict.fromkeys(NAMES, ports["portal-web"])
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    # The portal is whatever has no other name, so that its own address is the one that browsers see.
    headers = {name: {} if name == "portal-web" else {"Host": HOSTS[name]} for name in NAMES}
    front = Front(stack, urls, headers)
    async with AsyncExitStack() as started:
        for name in NAMES:
            front.replicas[name] = [await replica(started, front, name, folder) for _ in range(2)]
        addresses = {
            f"{name}-{number}": one.url.removeprefix("http://")
            for name, both in front.replicas.items()
            for number, one in enumerate(both, 1)
        }
        with proxy(request.param, program, folder, here(sample_of(request.param), addresses, ports)):
            await answering(front)
            yield front


def program_of(kind: str) -> str:
    """The proxy's path; without it the test is skipped."""
    program = shutil.which(kind, path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip(f"no {kind}: apt install {kind}")
    return program


def sample_of(kind: str) -> str:
    """The sample as it is delivered."""
    return (SAMPLES / ("nginx.conf" if kind == "nginx" else "haproxy.cfg")).read_text()


async def replica(started: AsyncExitStack, front: Front, name: str, folder: Path) -> Process:
    """One more process of a service, set as the stack's own."""
    given = psutil.Process(front.stack.pids[name]).environ()
    port = free_port()
    environment = {
        **given,
        "PORT": str(port),
        "PUBLIC_URL": front.urls["portal-web"],
        "TRUSTED_PROXIES": "127.0.0.1",
        "RATE_LIMIT_ADDRESS_PER_MINUTE": str(PER_ADDRESS),
    }
    log = folder / f"{name}-{port}.log"
    url = f"http://127.0.0.1:{port}"
    return await started.enter_async_context(
        running(SERVICES[name], "serve", environment=environment, url=url, log=log)
    )


def here(sample: str, addresses: dict[str, str], ports: dict[str, int]) -> str:
    """The sample with the addresses of this machine and without TLS."""
    for name, address in addresses.items():
        sample = re.sub(rf"(?<= ){name}:\d+", address, sample)
    sample = re.sub(r".*ssl_certificate.*\n", "", sample)
    sample = re.sub(r"bind :443 ssl .*", f"bind 127.0.0.1:{ports['portal-web']}", sample)
    for name, host in HOSTS.items():
        listen = f"listen 127.0.0.1:{ports[name]};\n    server_name {host};"
        sample = re.sub(rf"listen 443 ssl( http2)?;\n    server_name {re.escape(host)};", listen, sample)
    return sample


@contextmanager
def proxy(kind: str, program: str, folder: Path, settings: str) -> Iterator[None]:
    """Run it until the block ends."""
    file = folder / f"{kind}.conf"
    if kind == "nginx":
        temporary = "".join(
            f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        head = f"pid {folder}/pid;\nerror_log {folder}/error.log;\ndaemon off;\nuser root;\nevents {{}}\nhttp {{\n"
        settings = f"{head}access_log off;\n{temporary}{settings}\n}}\n"
        command = [program, "-c", str(file), "-e", str(folder / "error.log")]
    else:
        command = [program, "-db", "-f", str(file)]
    file.write_text(settings)
    with (folder / f"{kind}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


async def answering(front: Front) -> None:
    """Wait until the proxy serves."""
    async with front.client("portal-web", "127.0.0.9") as client:

        async def answers() -> bool:
            try:
                return (await client.get("/")).status_code == 200
            except httpx2.TransportError:
                return False

        await eventually(answers)
