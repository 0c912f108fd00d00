"""Kubernetes' own description of what the Helm chart uses, in the oldest and the newest release that we support.

The package kubernetes-validate (Apache-2.0) has it, with everything else, in 70 MB. The files here have only what is
needed, without prose. To write them: unpack the package's wheel, and run this module with the folder's name.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "kubernetes"
RELEASES = ("1.29", "1.37")
_KINDS = {
    "Deployment": "io.k8s.api.apps.v1.Deployment",
    "Job": "io.k8s.api.batch.v1.Job",
    "Service": "io.k8s.api.core.v1.Service",
    "ServiceAccount": "io.k8s.api.core.v1.ServiceAccount",
    "ConfigMap": "io.k8s.api.core.v1.ConfigMap",
    "PodDisruptionBudget": "io.k8s.api.policy.v1.PodDisruptionBudget",
    "HorizontalPodAutoscaler": "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
    "NetworkPolicy": "io.k8s.api.networking.v1.NetworkPolicy",
    "Ingress": "io.k8s.api.networking.v1.Ingress",
}
_REFERENCE = re.compile(r"^.*#/(?:\$defs|definitions)/")
_PROSE = {"description", "title", "$schema"}


def schemas(release: str) -> dict[str, Any]:
    """A self-contained schema for each kind, strict: a field that Kubernetes does not know is refused."""
    definitions = json.loads((FOLDER / f"{release}.json").read_text())
    return {kind: {"$ref": f"#/definitions/{name}", "definitions": definitions} for kind, name in _KINDS.items()}


def needed(definitions: dict[str, Any]) -> dict[str, Any]:
    """What our kinds lead to."""
    found: dict[str, Any] = {}
    waiting = [*_KINDS.values()]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _plain(definitions[name])
            waiting += _referenced(found[name])
    return dict(sorted(found.items()))


def _plain(part: Any) -> Any:
    """Without prose, and with references within one file."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {
        name: value if name == "$ref" else _plain(value)
        for name, value in part.items()
        # A property may have the name of a word for prose.
        if name not in _PROSE or not isinstance(value, str)
    }
    kept = {name: value for name, value in kept.items() if not name.startswith("x-kubernetes-")}
    if "$ref" in kept:
        kept["$ref"] = _REFERENCE.sub("#/definitions/", kept["$ref"])
    if "properties" in kept:
        kept.setdefault("additionalProperties", False)
    return kept


def _referenced(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].removeprefix("#/definitions/")
        for one in part.values():
            yield from _referenced(one)
    elif isinstance(part, list):
        for one in part:
            yield from _referenced(one)


def main(unpacked: Path) -> None:
    """Write the files from an unpacked wheel."""
    FOLDER.mkdir(exist_ok=True)
    for release in RELEASES:
        source = unpacked / f"kubernetes_validate/kubernetes-json-schema/v{release}.0-local/_definitions.json"
        content = json.loads(source.read_text())
        kept = needed(content.get("$defs") or content["definitions"])
        (FOLDER / f"{release}.json").write_text(json.dumps(kept, separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
