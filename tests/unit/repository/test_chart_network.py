"""The chart's network policies allow the arrows of the architecture, as docker-compose.yml's networks do; no others."""

from typing import Any

import pytest

from tests.support.chart import SERVICES, helm
from tests.unit.repository.test_chart import EXAMPLES, values_of
from tests.unit.repository.test_chart_rendered import PORT, of_kind
from tests.unit.repository.test_compose import SERVICES as COMPOSE
from tests.unit.repository.test_compose import SETTINGS

pytestmark = pytest.mark.skipif(helm() is None, reason="Helm is not here: `make helm` brings it")
MINIMAL, AZURE, EVERYTHING = EXAMPLES
PROGRAMS = (*SERVICES, "migrations")


def policies(example: Any = MINIMAL) -> dict[str, Any]:
    return {name: one["spec"] for name, one in of_kind(example, "NetworkPolicy").items()}


def asks(name: str, place: str, example: Any = MINIMAL) -> bool:
    """Whether the policy of `name` lets it out to a place of `networkPolicy`."""
    known = values_of(example)["networkPolicy"][place]
    ports = {(one["protocol"], one["port"]) for rule in _to(name, known["to"], example) for one in rule["ports"]}
    return {("TCP", port) for port in known["ports"]} <= ports


def _to(name: str, peers: list[Any], example: Any) -> list[Any]:
    return [rule for rule in policies(example)[name]["egress"] if rule["to"] == peers]


def callers(name: str, example: Any = MINIMAL) -> list[Any]:
    """Who may ask it; each rule is for the service's own port."""
    rules = policies(example)[name]["ingress"]
    assert all(rule["ports"] == [{"protocol": "TCP", "port": PORT}] for rule in rules)
    return [peer for rule in rules for peer in rule["from"]]


def pod(name: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "casebridge", "app.kubernetes.io/instance": "casebridge"}
    return {"podSelector": {"matchLabels": {**labels, "app.kubernetes.io/component": name}}}


def test_every_pod_has_a_policy_for_both_directions() -> None:
    for example in EXAMPLES:
        assert set(policies(example)) == {*PROGRAMS, *of_kind(example, "Job")}
        workloads = {**of_kind(example, "Deployment"), **of_kind(example, "Job")}
        for name, workload in workloads.items():
            policy = policies(example)[name]
            assert policy["policyTypes"] == ["Ingress", "Egress"]
            labels = workload["spec"]["template"]["metadata"]["labels"]
            assert policy["podSelector"]["matchLabels"].items() <= labels.items()
            # A rule without peers would mean everywhere.
            assert all(rule["to"] for rule in policy["egress"])
            assert all(rule["from"] for rule in policy["ingress"])


def test_where_policies_are_off_the_hook_s_one_applies_to_no_pod() -> None:
    # Helm leaves it behind otherwise, with the places of PostgreSQL and Kafka from before.
    known = of_kind(MINIMAL, "NetworkPolicy")["migrations"]["metadata"]
    [policy] = of_kind(MINIMAL, "NetworkPolicy", "networkPolicy.enabled=false").values()
    assert policy["metadata"] == known
    selected = policy["spec"]["podSelector"]["matchLabels"].items()
    workloads = [*of_kind(MINIMAL, "Deployment").values(), *of_kind(MINIMAL, "Job").values()]
    assert workloads
    assert not [one for one in workloads if selected <= one["spec"]["template"]["metadata"]["labels"].items()]


@pytest.mark.parametrize(("place", "network"), [("postgresql", "database"), ("kafka", "messages")])
def test_who_reaches_postgresql_and_kafka_is_as_in_compose(place: str, network: str) -> None:
    within = {name for name in SERVICES if network in COMPOSE[name]["networks"]}
    assert {name for name in SERVICES if asks(name, place)} == within
    assert asks("migrations", place)


def test_who_reaches_d365_and_the_identity_provider_reads_its_settings() -> None:
    # Both are on the internet here, so the addresses tell nothing apart: another port does.
    changed = ("networkPolicy.d365.ports[0]=8443",)
    found = {name: one["spec"] for name, one in of_kind(MINIMAL, "NetworkPolicy", *changed).items()}
    ports = {name: {port["port"] for rule in one["egress"] for port in rule["ports"]} for name, one in found.items()}
    reads = {
        setting: {name for name in SERVICES if setting in SETTINGS[name].model_fields}
        for setting in ("d365_url", "oidc_issuer")
    }
    assert {name for name in PROGRAMS if 8443 in ports[name]} == reads["d365_url"] == {"d365-sync", "status-sync"}
    assert {name for name in PROGRAMS if 443 in ports[name]} == reads["oidc_issuer"]


def test_only_the_portal_asks_the_apis() -> None:
    to_pods = {
        name: [peer for rule in policies()[name]["egress"] for peer in rule["to"] if peer in map(pod, PROGRAMS)]
        for name in PROGRAMS
    }
    assert to_pods == {name: [pod("case-api"), pod("d365-sync")] if name == "portal-web" else [] for name in PROGRAMS}
    assert callers("d365-sync") == callers("case-api") == [pod("portal-web")]
    assert callers("status-sync") == callers("migrations") == []


def test_the_ingress_controller_asks_only_what_has_a_host() -> None:
    controller = values_of(MINIMAL)["networkPolicy"]["ingressController"]
    assert callers("portal-web") == controller
    assert callers("case-api", AZURE)[:2] == [pod("portal-web"), *controller]
    assert controller[0] not in callers("d365-sync", AZURE)
    assert all(controller[0] in callers(name, EVERYTHING) for name in SERVICES)


def test_prometheus_asks_the_services_where_monitoring_is_on() -> None:
    [prometheus] = values_of(AZURE)["networkPolicy"]["prometheus"]
    assert {name for name in PROGRAMS if prometheus in callers(name, AZURE)} == set(SERVICES)
    assert not [name for name in PROGRAMS if prometheus in callers(name)]


def test_names_are_resolved_and_traces_are_sent() -> None:
    assert all(asks(name, "dns") for name in PROGRAMS)
    assert {name for name in PROGRAMS if asks(name, "collector", EVERYTHING)} == set(SERVICES)
    assert len(policies()["case-api"]["egress"]) == len(policies(EVERYTHING)["case-api"]["egress"]) - 1


def test_kafkas_tokens_come_from_the_identity_provider() -> None:
    assert {name for name in PROGRAMS if asks(name, "identityProvider", EVERYTHING)} == set(PROGRAMS)


def test_the_internet_is_no_way_into_private_networks() -> None:
    blocks = [
        peer["ipBlock"] for rule in policies()["status-sync"]["egress"] for peer in rule["to"] if "ipBlock" in peer
    ]
    [everywhere] = [block for block in blocks if block["cidr"] == "0.0.0.0/0"]
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(everywhere["except"])


def test_the_check_asks_d365_postgresql_and_kafka_and_nobody_asks_it() -> None:
    policy = of_kind(MINIMAL, "NetworkPolicy", "check.company=usmf", "networkPolicy.d365.ports[0]=8443")["check"][
        "spec"
    ]
    places = values_of(MINIMAL)["networkPolicy"]
    known = {port for name in ("dns", "postgresql", "kafka") for port in places[name]["ports"]}
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == known | {8443}
    assert policy["ingress"] == []
