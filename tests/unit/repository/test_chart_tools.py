"""Other people's judges of the Helm chart: helm lint, kubeconform with schemas that came along, and kube-score.

Each is skipped where its program is missing: `make helm` brings it.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.chart import CHART, HELM_FOLDER, ROOT, render, tool
from tests.support.kubernetes_schemas import RELEASES, schemas
from tests.unit.repository.test_chart import EXAMPLES

# What the samples use of other people's resources, in our own words.
CUSTOM = Path(__file__).parents[2] / "support/custom_resources"
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
each_release = pytest.mark.parametrize("release", RELEASES)
# What kube-score asks for that we decided otherwise (docs/adr/0030).
IGNORED = (
    # A tag or digest never changes its content: nothing is pulled again for it.
    "container-image-pull-policy",
    # Topology spread does it, across nodes and zones.
    "deployment-has-host-podantiaffinity",
)


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(tool(name) is None, reason=f"{name} is not here: `make helm` brings it")


def run(name: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    program = tool(name)
    assert program, "ask tool() first"
    return subprocess.run([program, *arguments], input=given, capture_output=True, text=True, check=False)


def manifests(example: Path) -> str:
    return yaml.safe_dump_all(render([example]))


@needs("helm")
@each_example
def test_helm_finds_nothing_to_say(example: Path) -> None:
    done = run("helm", "lint", "--strict", "--quiet", str(CHART), f"--values={example}")
    assert done.returncode == 0, done.stdout + done.stderr


@needs("helm")
def test_the_notes_say_what_to_do_next(tmp_path: Path) -> None:
    notes = notes_of(tmp_path, EXAMPLES[0])
    assert "kubectl --namespace dealers wait deployment" in notes
    assert "https://portal.example/sign-in/done" in notes
    assert "casebridge ledger" in notes
    # 18 for each case-api, 12 for each other; 4, 2, 2 and 4 replicas at most, one more of each, two for `migrate`.
    most = 5 * 18 + (3 + 3 + 5) * 12 + 2
    assert f"up to {most} connections" in notes
    assert f"up to {most};" in (ROOT / "docs/kubernetes.md").read_text()


def notes_of(folder: Path, example: Path) -> str:
    """Helm shows them only after it has asked a cluster: here they are an object of a copy of the chart."""
    copy = shutil.copytree(CHART, folder / "casebridge")
    text = (copy / "templates/NOTES.txt").read_text()
    show = '{{ define "notes" }}' + text + '{{ end }}\nkind: Notes\ntext: {{ include "notes" . | quote }}\n'
    (copy / "templates/notes.yaml").write_text(show)
    [notes] = [one for one in render([example], chart=copy) if one["kind"] == "Notes"]
    return str(notes["text"])


@needs("helm")
@needs("kubeconform")
@each_release
@each_example
def test_kubernetes_knows_every_field(example: Path, release: str, tmp_path: Path) -> None:
    done = kubeconform(release, tmp_path, manifests(example))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["summary"]["skipped"] == 0


@needs("kubeconform")
def test_the_sample_for_azures_secrets_is_well_formed(tmp_path: Path) -> None:
    given = (HELM_FOLDER / "examples/azure-external-secrets.yaml").read_text()
    done = kubeconform(RELEASES[-1], tmp_path, given)
    assert done.returncode == 0, done.stdout + done.stderr


@needs("helm")
@needs("kubeconform")
def test_a_field_that_nobody_knows_is_seen(tmp_path: Path) -> None:
    objects: list[dict[str, Any]] = render([EXAMPLES[0]])
    [job] = [one for one in objects if one["kind"] == "Job"]
    job["spec"]["template"]["spec"]["restartPolicies"] = "Never"
    done = kubeconform(RELEASES[0], tmp_path, yaml.safe_dump(job))
    assert done.returncode != 0
    assert "restartPolicies" in done.stdout


def kubeconform(release: str, folder: Path, given: str) -> subprocess.CompletedProcess[str]:
    """With the schemas of this repository, never those of the internet."""
    for kind, schema in schemas(release).items():
        (folder / f"{kind.lower()}.json").write_text(json.dumps(schema))
    places = [f"-schema-location={place}/{{{{.ResourceKind}}}}.json" for place in (folder, CUSTOM)]
    return run("kubeconform", "-strict", "-summary", "-output=json", *places, given=given)


@needs("helm")
@needs("kube-score")
@each_example
def test_kube_score_finds_nothing_that_we_did_not_decide(example: Path) -> None:
    # It knows no resources but Kubernetes' own.
    known = yaml.safe_dump_all(one for one in render([example]) if "monitoring.coreos.com" not in one["apiVersion"])
    ignored = [f"--ignore-test={name}" for name in IGNORED]
    done = run("kube-score", "score", "--ignore-container-cpu-limit", "--output-format=ci", *ignored, "-", given=known)
    found = [line for line in done.stdout.splitlines() if line.startswith(("[CRITICAL]", "[WARNING]"))]
    assert done.returncode == 0, done.stderr
    assert found == []
