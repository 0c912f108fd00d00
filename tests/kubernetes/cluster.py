"""Pods of the chart in the networks of docker-compose.yml, which has what a trial needs besides them."""

import ipaddress
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import yaml

from casebridge.ports import free_ports
from tests.kubernetes.played import Played, Surroundings, pods
from tests.support.chart import ROOT, SERVICES, helm, render
from tests.support.patience import PATIENCE

VALUES = Path(__file__).parent / "values.yaml"
COMPOSE_FILES = (ROOT / "docker-compose.yml", Path(__file__).parent / "compose.yaml")
PROJECT = "casebridge-kubernetes"
RELEASE = "casebridge"
BESIDES = ("postgres", "kafka", "sandbox", "oidc")
# Compose's own containers have lower addresses.
FIRST_ADDRESS = 100
# As in docker-compose.yml, for a trial.
ROLES = {
    "case-api": "case_api",
    "d365-sync": "d365_sync",
    "status-sync": "status_sync",
    "portal-web": "portal_web",
    "migrations": "case_migrations",
}
SECRETS = {
    ("casebridge-d365", "D365_CLIENT_SECRET"): "development-client-secret",
    ("casebridge-events", "D365_EVENTS_SECRET"): "development-events-secret",
    **{
        (f"casebridge-{name}", "MIGRATIONS_DATABASE_URL" if name == "migrations" else "DATABASE_URL"): (
            f"postgresql://{role}:development@postgres:5432/casebridge"
        )
        for name, role in ROLES.items()
    },
    **{(f"casebridge-{name}", "KAFKA_SASL_PASSWORD"): "development" for name in ROLES},
}


def missing() -> str:
    """What this machine does not have, or nothing."""
    if helm() is None:
        return "Helm is missing: `make helm` builds it"
    if absent := [name for name in ("podman", "docker") if not shutil.which(name)]:
        return f"{' and '.join(absent)}: not on the path"
    if os.geteuid() != 0 or "DOCKER_HOST" not in os.environ:
        return "it takes root, and DOCKER_HOST with the address of root's own podman service on this machine"
    answer = subprocess.run(_to_podman("info"), capture_output=True, text=True, check=False)
    if answer.returncode == 0:
        return ""
    return f"no podman service answers at DOCKER_HOST: {answer.stderr.strip().splitlines()[-1]}"


def _to_podman(*arguments: str) -> list[str]:
    """By the service at DOCKER_HOST, to which Compose speaks, too."""
    return ["podman", "--remote", "--url", os.environ["DOCKER_HOST"], *arguments]


def run(*command: str, **environment: str) -> str:
    """What a command prints; it must end well."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def podman(*arguments: str) -> str:
    """What podman prints."""
    return run(*_to_podman(*arguments))


def _bytes(quantity: str) -> float:
    """As podman and Kubernetes write it: 82.5MB, 128Mi."""
    number = quantity.rstrip("kKMGiB")
    return float(number) * {"MB": 1e6, "Mi": 2**20, "GB": 1e9, "Gi": 2**30, "kB": 1e3, "B": 1}[quantity[len(number) :]]


def until(holds: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait until this holds."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds * PATIENCE, f"not within {seconds * PATIENCE:.0f} s: {what}"
        time.sleep(0.2)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took."""
    began = time.monotonic()
    yield
    print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)


class Compose:
    """What docker-compose.yml has besides the services, on ports that nobody else uses."""

    def __init__(self) -> None:
        oidc, sandbox = free_ports(2)
        self.issuer = f"http://localhost:{oidc}"
        self._ports = {"OIDC_HOST_PORT": str(oidc), "SANDBOX_HOST_PORT": str(sandbox)}

    def __call__(self, *arguments: str) -> str:
        files = [f"--file={file}" for file in COMPOSE_FILES]
        command = ("docker", "compose", f"--project-name={PROJECT}", *files, "--profile=dev", *arguments)
        return run(*command, **self._ports)

    def front(self) -> ipaddress.IPv4Network:
        """The network that this machine reaches."""
        [network] = json.loads(podman("network", "inspect", f"{PROJECT}_front"))
        return ipaddress.IPv4Network(network["subnets"][0]["subnet"])

    def hosts(self) -> dict[str, list[str]]:
        """Addresses by name: podman's own name server loses questions while containers come and go."""
        found = json.loads(podman("inspect", *(f"{PROJECT}-{name}-1" for name in BESIDES)))
        networks = [list(one["NetworkSettings"]["Networks"].values()) for one in found]
        return {name: [own[0]["IPAddress"]] for name, own in zip(BESIDES, networks, strict=True)}


class Cluster:
    """The chart's pods, each replica with an address of its own."""

    def __init__(self, folder: Path, compose: Compose) -> None:
        self.folder, self.compose = folder, compose
        objects = render([VALUES], f"settings.oidc.OIDC_ISSUER={compose.issuer}")
        front = compose.front()
        numbers = iter(range(FIRST_ADDRESS, FIRST_ADDRESS + 50))
        addresses = {f"{RELEASE}-{name}": [str(front[next(numbers)]) for _ in range(2)] for name in SERVICES}
        services = [one["metadata"]["name"] for one in objects if one["kind"] == "Service"]
        hosts = {**compose.hosts(), **{name: addresses[name] for name in services}}
        given = Surroundings(folder, SECRETS, hosts)
        self.pods = {one.name: one for one in pods(objects, given)}
        self.addresses = {f"{name}-{number}": ip for name in addresses for number, ip in enumerate(addresses[name], 1)}

    def play(self, pod: Played) -> None:
        """Have podman start it."""
        manifest = self.folder / f"{pod.name}.yaml"
        manifest.write_text(yaml.safe_dump(pod.manifest))
        front = f"{PROJECT}_front" + (f":ip={self.addresses[pod.name]}" if pod.name in self.addresses else "")
        others = ["database"] if pod.part == "portal-web" else ["database", "messages"]
        podman("kube", "play", f"--network={front}", *(f"--network={PROJECT}_{name}" for name in others), str(manifest))

    def url(self, pod: str) -> str:
        """Where it answers."""
        return f"http://{self.addresses[pod]}:8000"

    def ready(self, pod: str) -> None:
        """Wait until all its probes say yes."""
        until(lambda: all(self._says_yes(pod, path) for path in self.pods[pod].probes), f"{pod} is ready")

    def _says_yes(self, pod: str, path: str) -> bool:
        try:
            return httpx2.get(self.url(pod) + path, timeout=3).status_code == 200
        except httpx2.TransportError:
            return False

    def memory(self) -> dict[str, float]:
        """What each replica takes, as a share of what it asks for."""
        asked = {
            name: one["resources"]["requests"]["memory"]
            for pod in self.addresses
            for name, one in zip(self.pods[pod].containers, self.pods[pod].manifest["spec"]["containers"], strict=True)
        }
        rows = podman("stats", "--no-stream", "--format", "{{.Name}} {{.MemUsage}}", *asked).splitlines()
        taken = {name: used for name, used, *_ in map(str.split, rows)}
        return {name: _bytes(taken[name]) / _bytes(asked[name]) for name in asked}

    def demo(self, number: int) -> str:
        """A case's whole way, by the replicas with this number."""
        urls = {name: self.url(f"{RELEASE}-{name}-{number}") for name in ("case-api", "d365-sync", "status-sync")}
        urls |= {"sandbox": "http://sandbox:8365", "oidc": "http://oidc:8090"}
        given = ",".join(f"{name}={url}" for name, url in urls.items())
        return self.compose("run", "--rm", "--no-deps", "--env", f"CASEBRIDGE_URLS={given}", "casebridge", "demo")

    def remove(self) -> None:
        """All pods, if there are any."""
        for name in self.pods:
            subprocess.run(_to_podman("pod", "rm", "--force", "--time=2", name), capture_output=True, check=False)
