"""What Helm makes of the chart: the settings, images and commands of docker-compose.yml, and only the intended arrows.

Without Helm these tests are skipped: `make helm` brings it.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from case_api import wiring as case_api_wiring
from case_shared.process.clock import SystemClock
from case_shared.process.heartbeats import Heartbeats
from case_shared.web.health import health_routes
from d365_sync.web.app import describe
from portal_web import wiring as portal_wiring
from portal_web.settings import Settings as PortalSettings
from tests.support.asgi import paths_of
from tests.support.chart import ROOT, SERVICES, Refused, helm, render
from tests.support.settings_document import OTHERS, PROGRAMS, variable
from tests.unit.repository.test_chart import EXAMPLES
from tests.unit.repository.test_compose import SERVICES as COMPOSE

pytestmark = pytest.mark.skipif(helm() is None, reason="Helm is not here: `make helm` brings it")
DOCKERFILE = (ROOT / "Dockerfile").read_text()
USER = int(re.findall(r"^USER (\d+):", DOCKERFILE, re.MULTILINE)[0])
PORT = int(re.findall(r"^EXPOSE (\d+)", DOCKERFILE, re.MULTILINE)[0])
MINIMAL, AZURE, EVERYTHING = EXAMPLES
each_example = pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
# The settings that a container's program may read; the check reads those of d365-sync, and where D365's events arrive.
READ = {**PROGRAMS, "check": PROGRAMS["d365-sync"]}
# After DRAIN_SECONDS (docs/settings.md).
STOP_SECONDS = 20
IDS = ("runAsUser", "runAsGroup", "fsGroup")


@cache
def rendered(example: Path, *sets: str) -> list[dict[str, Any]]:
    return render([example], *sets)


def of_kind(example: Path, kind: str, *sets: str) -> dict[str, Any]:
    """Objects of a kind by what they belong to: case-api, migrations."""
    found = [one for one in rendered(example, *sets) if one["kind"] == kind]
    by_part = {one["metadata"]["labels"]["app.kubernetes.io/component"]: one for one in found}
    assert len(by_part) == len(found)
    return by_part


def pods(example: Path, *sets: str) -> dict[str, Any]:
    """The pods' specifications, by what they belong to."""
    workloads = {**of_kind(example, "Deployment", *sets), **of_kind(example, "Job", *sets)}
    return {name: one["spec"]["template"]["spec"] for name, one in workloads.items()}


def containers(example: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each container, with the program whose settings it reads."""
    for name, pod in pods(example).items():
        program = "migrate" if name == "migrations" else name
        yield from ((program, one) for one in [*pod.get("initContainers", ()), *pod["containers"]])


def environment(container: dict[str, Any]) -> dict[str, str]:
    found = {one["name"]: one["value"] for one in container["env"]}
    assert len(found) == len(container["env"]), "a variable is there twice"
    return found


@each_example
def test_every_variable_is_a_setting_that_the_program_reads(example: Path) -> None:
    for program, container in containers(example):
        settings = READ[program]
        for name in environment(container):
            setting = name.removesuffix("_FILE")
            if setting != name and setting in secrets_of(settings):
                continue
            read = {variable(settings, field) for field in settings.model_fields}
            # `migrate` of status-sync reads these, too, and case-api the categories.
            assert name in read | OTHERS.keys() | {"D365_EVENTS_TOPIC"}, f"{program}: {name}"
            assert name != "D365_EVENTS_TOPIC" or program in {"status-sync", "migrate", "check"}


def secrets_of(settings: type[BaseSettings]) -> set[str]:
    found = {variable(settings, name) for name, one in settings.model_fields.items() if "SecretStr" in str(one)}
    return found | ({"D365_EVENTS_CONNECTION_STRING"} if settings is PROGRAMS["migrate"] else set())


@each_example
def test_every_setting_without_a_default_is_given(example: Path) -> None:
    for program, container in containers(example):
        settings, given = PROGRAMS["d365 check"] if program == "check" else READ[program], environment(container)
        required = {variable(settings, name) for name, field in settings.model_fields.items() if field.is_required()}
        assert {name for name in required if name not in given and f"{name}_FILE" not in given} == set(), program


@each_example
def test_no_secret_is_in_the_environment(example: Path) -> None:
    for program, container in containers(example):
        assert secrets_of(READ[program]) & environment(container).keys() == set()


@each_example
def test_every_file_is_mounted_from_something_that_exists_already(example: Path) -> None:
    for name, pod in pods(example).items():
        volumes = {one["name"]: one for one in pod["volumes"]}
        for _, container in [(name, one) for one in [*pod.get("initContainers", ()), *pod["containers"]]]:
            mounts = {one["mountPath"]: volumes[one["name"]] for one in container["volumeMounts"]}
            for variable_name, value in environment(container).items():
                folder, _, file = value.rpartition("/")
                if folder in {"/run/secrets/casebridge", "/etc/casebridge"}:
                    sources = mounts[folder]["projected"]["sources"]
                    items = [item for one in sources for kind in one.values() for item in kind["items"]]
                    assert file in [item["path"] for item in items], variable_name
            assert mounts["/tmp"]["emptyDir"]["sizeLimit"]


@each_example
def test_images_and_commands_are_those_of_compose(example: Path) -> None:
    for name, deployment in of_kind(example, "Deployment").items():
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        assert image_of(container) == COMPOSE[name]["image"].partition(":")[0].removeprefix("casebridge/")
        assert f"CMD {container['args']!r}".replace("'", '"') in DOCKERFILE
        assert container["ports"] == [{"name": "http", "containerPort": PORT, "protocol": "TCP"}]
        assert COMPOSE[name]["ports"][0].rpartition(":")[2] == str(PORT)
    job = pods(example)["migrations"]
    steps = [one for one in [*job["initContainers"], *job["containers"]] if one["name"].startswith("migrate-")]
    assert [one["name"] for one in steps] == migrations_of_compose()
    for step in steps:
        assert step["args"] == COMPOSE[step["name"]]["command"]
        assert step["name"] == f"migrate-{image_of(step)}"


def image_of(container: dict[str, Any]) -> str:
    return re.split("[:@]", container["image"].rpartition("/")[2])[0]


def migrations_of_compose() -> list[str]:
    """In the order in which they wait for each other."""
    found, last = [], "roles"
    while following := [
        name for name, one in COMPOSE.items() if name.startswith("migrate-") and last in one.get("depends_on", {})
    ]:
        [last] = following
        found.append(last)
    return found


def test_a_restore_is_recovered_after_the_migrations() -> None:
    job = pods(EVERYTHING)["migrations"]
    steps = [*job["initContainers"], *job["containers"]]
    assert [one["name"] for one in steps[-2:]] == ["restored-case-api", "restored-d365-sync"]
    assert steps[-1]["args"] == ["restored", "--reason", "the backup of 3 o'clock"]


def test_a_check_signs_in_as_d365_sync_and_stores_the_proof_where_it_looks() -> None:
    assert "check" not in of_kind(AZURE, "Job")
    asked = "check.company=usmf"
    job, workloads = of_kind(AZURE, "Job", asked)["check"], of_kind(AZURE, "Deployment", asked)
    pod, template = job["spec"]["template"]["spec"], workloads["d365-sync"]["spec"]["template"]
    assert pod["serviceAccountName"] == template["spec"]["serviceAccountName"]
    labels = job["spec"]["template"]["metadata"]["labels"]
    assert labels["azure.workload.identity/use"] == "true"
    assert not workloads["d365-sync"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    [container] = pod["containers"]
    assert image_of(container) == "casebridge"
    assert container["args"] == ["d365", "check", "--write", "--company", "usmf"]
    given, status_sync = (
        environment(container),
        environment(workloads["status-sync"]["spec"]["template"]["spec"]["containers"][0]),
    )
    d365_sync = environment(template["spec"]["containers"][0])
    for name in {*given, *d365_sync, *status_sync}:
        if name.startswith("DATABASE_") or (name in d365_sync and name.startswith("D365_")):
            assert given.get(name) == d365_sync.get(name), name
        if name.startswith(("KAFKA_", "D365_EVENTS_")):  # status-sync alone may read D365's events
            assert given.get(name) == status_sync.get(name), name
    secrets = next(one for one in pod["volumes"] if one["name"] == "secrets")["projected"]["sources"]
    found = {one["secret"]["items"][0]["path"]: one["secret"]["name"] for one in secrets}
    assert found["DATABASE_URL"] == "casebridge-d365-sync"
    assert found["KAFKA_SASL_PASSWORD"] == found["D365_EVENTS_CONNECTION_STRING"] == "casebridge-status-sync"
    assert job["spec"]["backoffLimit"] == 0, "each try creates a case"


@each_example
def test_migrations_run_before_anything_else(example: Path) -> None:
    policies = of_kind(example, "NetworkPolicy")
    job, policy = of_kind(example, "Job")["migrations"]["metadata"], policies["migrations"]["metadata"]
    for one in (job, policy):
        assert one["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade,pre-rollback"
    weights = [int(one["annotations"]["helm.sh/hook-weight"]) for one in (policy, job)]
    assert weights == sorted(set(weights))
    # Nothing of the chart exists yet.
    assert pods(example)["migrations"]["serviceAccountName"] == "default"


@each_example
def test_probes_and_stop_are_those_of_the_services(example: Path) -> None:
    routes = {str(getattr(route, "path", "")) for route in health_routes(Heartbeats(SystemClock()), {}).routes}
    for name, deployment in of_kind(example, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        [container] = pod["containers"]
        probes = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
        assert {one["port"] for one in probes.values()} == {"http"}
        assert [one["path"] for one in probes.values()] == ["/healthz", "/healthz", "/readyz"]
        assert {one["path"] for one in probes.values()} <= routes
        # Each check of /readyz may take two seconds.
        assert container["readinessProbe"]["timeoutSeconds"] > 2
        drain = int(environment(container)["DRAIN_SECONDS"])
        assert drain >= 5
        assert pod["terminationGracePeriodSeconds"] == drain + STOP_SECONDS
        assert COMPOSE[name]["stop_grace_period"] == f"{STOP_SECONDS}s"


def test_two_replicas_that_are_never_both_away() -> None:
    budgets, scalers = of_kind(MINIMAL, "PodDisruptionBudget"), of_kind(MINIMAL, "HorizontalPodAutoscaler")
    assert set(scalers) == {"case-api", "portal-web"}
    assert set(budgets) == set(SERVICES)
    for name, deployment in of_kind(MINIMAL, "Deployment").items():
        spec = deployment["spec"]
        assert (scalers[name]["spec"]["minReplicas"] if name in scalers else spec["replicas"]) == 2
        assert ("replicas" in spec) == (name not in scalers)
        assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()
        assert budgets[name]["spec"]["selector"]["matchLabels"] == spec["selector"]["matchLabels"]
        assert budgets[name]["spec"]["maxUnavailable"] == 1
        spread = spec["template"]["spec"]["topologySpreadConstraints"]
        assert [one["topologyKey"] for one in spread] == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]
        requests = spec["template"]["spec"]["containers"][0]["resources"]["requests"]
        assert requests["memory"] == "128Mi"
        assert requests["cpu"] in {"50m", "100m"}
        limits = spec["template"]["spec"]["containers"][0]["resources"]["limits"]
        assert f":-{limits['memory'].removesuffix('i').lower()}}}" in COMPOSE[name]["mem_limit"]


def test_where_autoscaling_is_off_the_replicas_are_those_of_the_values() -> None:
    assert of_kind(EVERYTHING, "Deployment")["portal-web"]["spec"]["replicas"] == 3
    assert set(of_kind(EVERYTHING, "HorizontalPodAutoscaler")) == {"case-api"}


@each_example
def test_every_pod_keeps_to_the_restricted_standard(example: Path) -> None:
    for pod in pods(example).values():
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["securityContext"]["fsGroup"] == USER
        assert {kind for one in pod["volumes"] for kind in one if kind != "name"} <= {"emptyDir", "projected"}
        for container in [*pod.get("initContainers", ()), *pod["containers"]]:
            confined = container["securityContext"]
            assert confined["allowPrivilegeEscalation"] is False
            assert confined["readOnlyRootFilesystem"] is True
            assert confined["runAsNonRoot"] is True
            assert (confined["runAsUser"], confined["runAsGroup"]) == (USER, USER)
            assert confined["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize(("user", "found"), [("null", set()), ("1000680000", {1000680000})])
def test_openshift_chooses_the_user_itself(user: str, found: set[int]) -> None:
    for pod in pods(EVERYTHING, f"podSecurity.user={user}").values():
        each = [pod, *pod.get("initContainers", ()), *pod["containers"]]
        contexts = [one["securityContext"] for one in each]
        assert all(one["runAsNonRoot"] for one in contexts)
        assert {one[name] for one in contexts for name in IDS if name in one} == found


def test_what_must_be_alike_is_set_once() -> None:
    given = {name: environment(pods(EVERYTHING)[name]["containers"][0]) for name in SERVICES}
    for name in ("case-api", "d365-sync", "status-sync"):
        assert given[name]["D365_CATEGORY_TYPES"] == "General,Warranty"
    migration = environment(pods(EVERYTHING)["migrations"]["containers"][0])
    assert migration["D365_EVENTS_TOPIC"] == given["status-sync"]["D365_EVENTS_TOPIC"]
    assert migration["SSL_CERT_FILE"] == given["portal-web"]["SSL_CERT_FILE"]
    # Numbers are written out, and JSON is JSON.
    assert given["case-api"]["RATE_LIMIT_DEALER_PER_MINUTE"] == "1000000"
    assert given["d365-sync"]["D365_ACCEPT_RARE_DUPLICATES"] == "false"
    assert yaml.safe_load(given["portal-web"]["OIDC_SCOPE_MAP"]) == {"Dealer": "cases:read cases:write cases:submit"}


def test_every_service_can_listen_on_ipv6() -> None:
    for name, deployment in of_kind(MINIMAL, "Deployment", "settings.services.HOST=::").items():
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        assert environment(container)["HOST"] == "::", name


def test_the_migrations_own_authority_counts_more_than_the_services() -> None:
    sets = [f"files.migrate.SSL_CERT_FILE.{part}" for part in ("configMap=own-ca", "key=own.crt")]
    job = of_kind(EVERYTHING, "Job", *sets)["migrations"]
    [files] = [one for one in job["spec"]["template"]["spec"]["volumes"] if one["name"] == "files"]
    sources = [one["configMap"] for one in files["projected"]["sources"]]
    assert [one["name"] for one in sources if one["items"][0]["path"] == "SSL_CERT_FILE"] == ["own-ca"]


@pytest.mark.parametrize(
    ("sets", "named"),
    [
        (["ingress.hosts.portal-web=other.example"], "settings.portal-web.PUBLIC_URL"),
        (["ingress.hosts.case-api=api.example"], "ingress.tlsSecrets.case-api"),
        (["monitoring.enabled=true"], "secrets.services.METRICS_TOKEN"),
        (["settings.services.OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318"], "networkPolicy.collector.to"),
        (["services.case-api.autoscaling.maxReplicas=1"], "services.case-api.autoscaling.maxReplicas"),
        (["settings.kafka.KAFKA_SASL_MECHANISM=SCRAM"], "KAFKA_SASL_MECHANISM"),
        (["settings.oidc.OIDC_ISUER=https://x.example"], "OIDC_ISUER"),
    ],
)
def test_helm_names_what_is_wrong(sets: list[str], named: str) -> None:
    with pytest.raises(Refused, match=named):
        render([MINIMAL], *sets)


def test_outside_reaches_only_what_is_for_it() -> None:
    portal = PortalSettings(
        database_url="postgresql://portal_web@localhost/x",
        oidc_issuer="http://localhost",
        public_url="http://localhost",
        case_api_url="http://localhost",
    )
    routes = {
        "portal-web": paths_of(portal_wiring.build_app(portal)),
        "case-api": paths_of(case_api_wiring.build_app(None)),
        "d365-sync": set(describe()["paths"]),
        "status-sync": {"/v1/d365/events"},
    }
    for name, ingress in of_kind(EVERYTHING, "Ingress").items():
        [rule] = ingress["spec"]["rules"]
        paths = {one["path"]: one["pathType"] for one in rule["http"]["paths"]}
        for hidden in ("/metrics", "/healthz", "/readyz"):
            assert not leads(paths, hidden), name
        ours = {path for path in routes[name] if not path.startswith(("/docs", "/asyncapi", "/openapi"))}
        assert {path for path in ours if not leads(paths, path)} == set(), name
        assert [path for path, kind in paths.items() if not any(leads({path: kind}, one) for one in routes[name])] in (
            [],
            ["/asyncapi.json", "/docs", "/openapi.json"],
        )


def leads(paths: dict[str, str], path: str) -> bool:
    """Whether an Ingress with these paths leads this one on."""
    prefixes = [one for one, kind in paths.items() if kind == "Prefix"]
    return path in paths or any(path.startswith(f"{one}/") for one in prefixes)


def test_live_streams_last() -> None:
    for ingress in of_kind(AZURE, "Ingress").values():
        annotations = ingress["metadata"]["annotations"]
        assert annotations["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
        # As in the sample for nginx.
        nginx = (ROOT / "deploy/proxies/nginx.conf").read_text()
        [seconds] = re.findall(r"proxy_read_timeout (\d+)s;", nginx)
        assert annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"] == seconds


def test_prometheus_gets_the_rules_and_the_job_names() -> None:
    [monitor] = [one for one in rendered(AZURE) if one["kind"] == "ServiceMonitor"]
    services = of_kind(AZURE, "Service")
    label = monitor["spec"]["jobLabel"]
    assert {one["metadata"]["labels"][label] for one in services.values()} == set(SERVICES)
    for service in services.values():
        assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert [one["name"] for one in service["spec"]["ports"]] == [monitor["spec"]["endpoints"][0]["port"]]
    [rule] = [one for one in rendered(AZURE) if one["kind"] == "PrometheusRule"]
    sources = [
        yaml.safe_load((ROOT / "deploy/prometheus" / name).read_text()) for name in ("alerts.yml", "objectives.yml")
    ]
    assert rule["spec"]["groups"] == [group for one in sources for group in one["groups"]]
