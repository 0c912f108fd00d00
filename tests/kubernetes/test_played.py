"""The rendered chart really runs, by `podman kube play`, beside what docker-compose.yml has for a trial.

Podman plays what it knows of Kubernetes: pods with their images, commands, settings, secrets as files, init containers
in their order, and the restricted security. Replicas, Services and restarts of killed pods are this test's.
"""

import itertools
import json
from collections.abc import Iterator

import pytest

from tests.kubernetes.cluster import BESIDES, RELEASE, Cluster, Compose, missing, podman, timed
from tests.kubernetes.played import Played
from tests.support.chart import SERVICES

MISSING = missing()
pytestmark = [pytest.mark.timeout(1800), pytest.mark.skipif(bool(MISSING), reason=MISSING)]
# From inside portal-web, by the names that the chart gives it.
ASK_APIS = """
import os, urllib.request
for name in ("CASE_API_URL", "D365_SYNC_URL"):
    assert urllib.request.urlopen(os.environ[name] + "/readyz", timeout=20).status == 200
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    compose = Compose()
    made: Cluster | None = None
    try:
        with timed("images are built"):
            compose("build", *SERVICES, "sandbox", "casebridge")
        with timed("PostgreSQL, Kafka, sandbox and identity provider are healthy"):
            compose("up", "--detach", "--wait", *BESIDES)
            compose("run", "--rm", "--no-deps", "roles")
        made = Cluster(tmp_path_factory.mktemp("pods"), compose)
        yield made
    finally:
        if made:
            made.remove()
        compose("down", "--volumes", "--timeout", "2")


def exit_codes(pod: Played) -> list[int]:
    return [one["State"]["ExitCode"] for one in json.loads(podman("inspect", *pod.containers))]


def migrate(cluster: Cluster) -> list[str]:
    """The steps of the Job, in the order in which they ran; each has ended well before the next one began."""
    job = cluster.pods[f"{RELEASE}-migrate-1"]
    cluster.play(job)
    podman("wait", *job.containers)
    assert exit_codes(job) == [0] * len(SERVICES), "\n".join(podman("logs", name) for name in job.containers)
    ran = sorted(
        (one["State"]["StartedAt"], one["State"]["FinishedAt"], one["Name"])
        for one in json.loads(podman("inspect", *job.containers))
    )
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(ran))
    return [name.removeprefix(f"{job.name}-migrate-") for _, _, name in ran]


def fit(cluster: Cluster, when: str) -> None:
    """The replicas take no more memory than the chart asks for."""
    shares = cluster.memory()
    for name, share in shares.items():
        print(f"{share:6.0%}    of its memory request {name} takes, {when}", flush=True)
    assert max(shares.values()) <= 1


def end_well(cluster: Cluster, name: str) -> None:
    """Within the grace period, as Kubernetes has it end."""
    pod = cluster.pods[name]
    with timed(f"{name} has ended after SIGTERM"):
        podman("stop", f"--time={pod.manifest['spec']['terminationGracePeriodSeconds']}", *pod.containers)
    assert exit_codes(pod) == [0], podman("logs", *pod.containers)


def test_a_case_goes_its_way_and_goes_it_again_after_pods_were_killed(cluster: Cluster) -> None:
    with timed("the migrations have run"):
        assert migrate(cluster) == list(SERVICES)
    assert sorted(cluster.pods) == sorted([f"{RELEASE}-migrate-1", *cluster.addresses])
    with timed("two replicas of each service are ready"):
        for name in cluster.addresses:
            cluster.play(cluster.pods[name])
        for name in cluster.addresses:
            cluster.ready(name)
    podman("exec", cluster.pods[f"{RELEASE}-portal-web-1"].containers[0], "python", "-c", ASK_APIS)
    with timed("the demo has gone through the first replicas"):
        print(cluster.demo(1))
    fit(cluster, "after the demo")

    # One of each, and so whoever leads in some of them.
    killed = [f"{RELEASE}-{name}-1" for name in SERVICES]
    podman("pod", "kill", *killed)
    with timed("the demo has gone through the second replicas, the first ones killed"):
        print(cluster.demo(2))
    assert [exit_codes(cluster.pods[name]) for name in killed] == [[137]] * len(SERVICES)

    podman("pod", "rm", "--force", *killed)
    for name in killed:
        with timed(f"{name} is ready again"):
            cluster.play(cluster.pods[name])
            cluster.ready(name)
    with timed("the demo has gone through the new first replicas"):
        print(cluster.demo(1))
    fit(cluster, "at the end")

    for name in cluster.addresses:
        end_well(cluster, name)
