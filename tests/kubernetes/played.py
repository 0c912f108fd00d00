"""The chart's pods as podman plays them: it knows pods, but no replicas, Jobs, Services or projected volumes."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

# What podman does not know, or would ask of Kubernetes.
_LEFT_OUT = {"topologySpreadConstraints", "serviceAccountName", "automountServiceAccountToken", "enableServiceLinks"}
# Podman would run curl for them, which the images do not have: the test asks in its place.
_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
# Podman would publish them, and two replicas would want the same port of this machine.
_PORTS = "ports"
# Otherwise podman removes an init container that has ended, and with it how it ended.
_KEEP_STEPS = {"io.podman.annotations.init.container.type": "always"}


class Played(NamedTuple):
    """A pod for `podman kube play`: what it belongs to, its manifest, and the paths of its probes."""

    part: str
    manifest: dict[str, Any]
    probes: Sequence[str]

    @property
    def name(self) -> str:
        """The pod's own name."""
        return str(self.manifest["metadata"]["name"])

    @property
    def containers(self) -> list[str]:
        """Podman's names of its containers, in the order in which they start."""
        spec = self.manifest["spec"]
        return [f"{self.name}-{one['name']}" for one in [*spec["initContainers"], *spec["containers"]]]


class Surroundings(NamedTuple):
    """What Kubernetes gives to pods."""

    folder: Path
    """For the pods' volumes."""
    secrets: Mapping[tuple[str, str], str]
    """Values by Secret and key."""
    hosts: Mapping[str, Sequence[str]]
    """Names, each with its addresses."""


def pods(objects: Sequence[Mapping[str, Any]], given: Surroundings) -> Iterator[Played]:
    """Each replica of the Deployments, and the Job, as pods."""
    least = {
        one["spec"]["scaleTargetRef"]["name"]: one["spec"]["minReplicas"]
        for one in objects
        if one["kind"] == "HorizontalPodAutoscaler"
    }
    for one in objects:
        if one["kind"] in {"Deployment", "Job"}:
            count = one["spec"].get("replicas") or least.get(one["metadata"]["name"], 1)
            for number in range(1, count + 1):
                yield _pod(one, number, given)


def _pod(owner: Mapping[str, Any], number: int, given: Surroundings) -> Played:
    lasts = owner["kind"] == "Deployment"
    template = owner["spec"]["template"]
    labels = template["metadata"]["labels"]
    name = f"{owner['metadata']['name']}-{number}"
    metadata = {"name": name, "labels": labels, "annotations": {} if lasts else _KEEP_STEPS}
    spec = _spec(template["spec"], given, given.folder / name)
    spec["restartPolicy"] = "Always" if lasts else "Never"
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    container = template["spec"]["containers"][0]
    probes = [container[kind]["httpGet"]["path"] for kind in _PROBES if kind in container]
    return Played(labels["app.kubernetes.io/component"], manifest, probes)


def _spec(spec: Mapping[str, Any], given: Surroundings, folder: Path) -> dict[str, Any]:
    kept = {name: value for name, value in spec.items() if name not in _LEFT_OUT}
    for kind in ("initContainers", "containers"):
        kept[kind] = [_container(one) for one in spec.get(kind, ())]
    group = spec["securityContext"]["fsGroup"]
    kept["volumes"] = [_volume(one, given.secrets, folder / one["name"], group) for one in spec["volumes"]]
    kept["hostAliases"] = [
        {"ip": address, "hostnames": [name]} for name, addresses in given.hosts.items() for address in addresses
    ]
    return kept


def _container(container: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in container.items() if name not in {*_PROBES, _PORTS}}


def _volume(
    volume: Mapping[str, Any], secrets: Mapping[tuple[str, str], str], place: Path, group: int
) -> dict[str, Any]:
    """A folder of this machine in its place, with the group and rights that Kubernetes would give it."""
    place.mkdir(parents=True, exist_ok=True)
    os.chown(place, 0, group)
    place.chmod(0o2777 if "emptyDir" in volume else 0o750)
    projected = volume.get("projected", {})
    for source in projected.get("sources", ()):
        for item in source["secret"]["items"]:
            file = place / item["path"]
            file.write_text(secrets[source["secret"]["name"], item["key"]])
            os.chown(file, 0, group)
            file.chmod(projected["defaultMode"])
    return {"name": volume["name"], "hostPath": {"path": str(place), "type": "Directory"}}
