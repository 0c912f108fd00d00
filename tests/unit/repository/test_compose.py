"""docker-compose.yml passes exactly what the services read."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

import case_api.settings
import d365_sync.settings
import portal_web.settings
import status_sync.settings
from case_shared.d365.check.texts import TEXTS
from case_shared.kafka.connection import KafkaSettings
from case_shared.process.safe_settings import is_weak
from case_shared.process.settings import MigrationSettings, OidcSettings
from casebridge.kafka_rights import USERS
from casebridge.oidc.settings import OidcProviderSettings
from d365_sandbox.settings import Settings as SandboxSettings
from tests.support.settings_document import OTHERS, PROGRAMS, variable

ROOT = Path(__file__).parents[3]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
SETTINGS: dict[str, type[BaseSettings]] = {
    "case-api": case_api.settings.Settings,
    "d365-sync": d365_sync.settings.Settings,
    "status-sync": status_sync.settings.Settings,
    "portal-web": portal_web.settings.Settings,
    "migrate-case-api": MigrationSettings,
    "migrate-d365-sync": MigrationSettings,
    "migrate-status-sync": MigrationSettings,
    "migrate-portal-web": MigrationSettings,
    "oidc": OidcProviderSettings,
    "sandbox": SandboxSettings,
}
# Passed to several services in one block, or read by the image's health check.
SHARED = {
    *KafkaSettings.model_fields, "probe_url", "d365_events_topic", "d365_events_secret", "d365_category_types",
    "https_proxy", "no_proxy", "ssl_cert_file", "otel_traces_sampler", "otel_traces_sampler_arg",
}  # fmt: skip


@pytest.mark.parametrize("service", SETTINGS)
def test_every_variable_is_a_setting(service: str) -> None:
    settings = SETTINGS[service]
    prefix = settings.model_config.get("env_prefix", "")
    known = {f"{prefix}{name}".upper() for name in settings.model_fields}
    assert set(SERVICES[service]["environment"]) - known <= {name.upper() for name in SHARED}


@pytest.mark.parametrize("service", SETTINGS)
def test_every_setting_without_a_default_is_given(service: str) -> None:
    settings = SETTINGS[service]
    prefix = settings.model_config.get("env_prefix", "")
    required = {f"{prefix}{name}".upper() for name, field in settings.model_fields.items() if field.is_required()}
    given = {name for name, value in SERVICES[service]["environment"].items() if value is not None}
    assert required <= given


@pytest.mark.parametrize("service", [name for name, read in SETTINGS.items() if "trusted_proxies" in read.model_fields])
def test_every_service_that_trusts_proxies_gets_them(service: str) -> None:
    assert "TRUSTED_PROXIES" in SERVICES[service]["environment"]


def test_an_empty_secret_for_events_stays_empty() -> None:
    assert SERVICES["status-sync"]["environment"]["D365_EVENTS_SECRET"].startswith("${D365_EVENTS_SECRET-")


def test_the_command_line_trusts_what_the_services_trust() -> None:
    given, of_service = SERVICES["casebridge"]["environment"], SERVICES["case-api"]["environment"]
    trusted = {name for name in map(str.upper, OidcSettings.model_fields) if name in of_service}
    assert "OIDC_SCOPE_MAP" in trusted
    assert {name: given.get(name, "missing") for name in trusted} == {name: of_service[name] for name in trusted}


def test_the_command_line_gets_the_variables_that_only_it_reads() -> None:
    # CASEBRIDGE_URLS takes the place of CASEBRIDGE_URL, and nothing is downloaded or colored in a container.
    own = {name for name, (readers, _) in OTHERS.items() if readers == "casebridge"}
    assert "CASEBRIDGE_ZONE" in own
    left_out = {"CASEBRIDGE_URL", "CASEBRIDGE_CACHE_DIR", "NO_COLOR"}
    assert own - left_out <= SERVICES["casebridge"]["environment"].keys()
    assert "\n#CASEBRIDGE_ZONE=" in (ROOT / ".env.example").read_text()


def test_an_image_s_files_are_readable_whatever_the_umask_of_the_checkout() -> None:
    last_stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    copied = [line for line in last_stage.splitlines() if line.startswith("COPY ") and "--from=" not in line]
    assert copied
    assert [line for line in copied if "--chmod=0644" not in line] == []


@pytest.mark.parametrize("service", [*sorted(set(SETTINGS) - {"portal-web", "oidc", "sandbox"}), "casebridge"])
def test_whoever_asks_through_a_proxy_gets_it(service: str) -> None:
    # Kafka's tokens come from KAFKA_OAUTH_TOKEN_URL (settings_document.OTHERS).
    assert {"HTTPS_PROXY", "NO_PROXY"} <= SERVICES[service]["environment"].keys()


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_says_how_long_its_stop_may_take(service: str) -> None:
    assert SERVICES[service]["stop_grace_period"]


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_open_to_this_machine_alone(service: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", []))


def test_kafka_knows_every_user_and_each_service_is_its_own() -> None:
    jaas = SERVICES["kafka"]["environment"]["KAFKA_LISTENER_NAME_CLIENTS_PLAIN_SASL_JAAS_CONFIG"]
    assert set(re.findall(r"user_([a-z0-9-]+)=", jaas)) == {"broker", *USERS}
    for name in ("case-api", "d365-sync", "status-sync"):
        environment = SERVICES[name]["environment"]
        assert environment["KAFKA_SASL_USERNAME"] == f"${{KAFKA_SASL_USERNAME:-{name}}}"
        variable = name.upper().replace("-", "_")
        assert f"KAFKA_{variable}_PASSWORD" in environment["KAFKA_SASL_PASSWORD"]
    assert SERVICES["sandbox"]["environment"]["SANDBOX_KAFKA_SASL_USERNAME"] == "d365"


def test_only_those_who_need_them_reach_the_database_and_kafka() -> None:
    networks = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["networks"]
    internal = {name for name, options in networks.items() if (options or {}).get("internal")}
    assert internal == {"database", "messages"}
    assert set(SERVICES["postgres"]["networks"]) == {"database"}
    assert set(SERVICES["kafka"]["networks"]) == {"messages"}
    within = {name: set(service.get("networks", [])) for name, service in SERVICES.items()}
    services = {"case-api", "d365-sync", "status-sync"}
    migrations = {f"migrate-{name}" for name in (*services, "portal-web")}
    # The command line checks D365 like the services, stores the findings, and waits for an event.
    assert {name for name, found in within.items() if "database" in found} == {
        "postgres", "roles", "portal-web", "casebridge", *services, *migrations,
    }  # fmt: skip
    assert {name for name, found in within.items() if "messages" in found} == {
        "kafka", "kafka-acls", "sandbox", "casebridge", *services, *migrations,
    }  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_is_confined(service: str) -> None:
    given = SERVICES[service]
    assert given["cap_drop"] == ["ALL"]
    assert "cap_add" not in given
    assert given["security_opt"] == ["no-new-privileges:true"]
    assert given["mem_limit"]
    assert given["pids_limit"]
    assert given.get("read_only") or service in {"postgres", "kafka"}


def test_the_container_that_sees_every_secret_reaches_nobody() -> None:
    assert SERVICES["settings"]["network_mode"] == "none"
    assert "networks" not in SERVICES["settings"]
    without = {name for name, service in SERVICES.items() if not service.get("networks")}
    assert without == {"settings"}  # a service without networks gets the default one, which reaches outside


def test_every_job_is_awaited_so_that_up_can_wait_for_all() -> None:
    jobs = {name for name, service in SERVICES.items() if service.get("restart") == "no" and "profiles" not in service}
    awaited = {
        name
        for service in SERVICES.values()
        for name, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert jobs == awaited


def test_the_image_of_kafka_finds_no_sasl_in_the_names_of_listeners() -> None:
    # Its start script requires a JAAS file and keystores if an advertised listener has such a name.
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert not re.search(r"SASL_.*://|SSL://", advertised)


GOOD = "c2f1a90b7e64d853c2f1a90b"
REAL = {
    "CASEBRIDGE_TRIAL": "false",
    **dict.fromkeys(
        [
            "POSTGRES_PASSWORD", "CASE_MIGRATIONS_PASSWORD", "CASE_API_PASSWORD", "D365_SYNC_PASSWORD",
            "STATUS_SYNC_PASSWORD", "PORTAL_WEB_PASSWORD", "D365_CLIENT_SECRET", "D365_EVENTS_SECRET",
            "KAFKA_BROKER_PASSWORD", "KAFKA_MIGRATIONS_PASSWORD", "KAFKA_CASE_API_PASSWORD", "KAFKA_D365_SYNC_PASSWORD",
            "KAFKA_STATUS_SYNC_PASSWORD", "KAFKA_D365_PASSWORD",
        ],
        GOOD,
    ),
    "D365_URL": "https://contoso.operations.dynamics.com",
    "D365_TOKEN_URL": "https://login.example/token",
    "OIDC_ISSUER": "https://login.example",
    "TRIAL_ISSUER": "http://localhost:8090",
}  # fmt: skip
TRIAL = {
    **dict.fromkeys(REAL, "development"),
    "CASEBRIDGE_TRIAL": "true",
    "D365_URL": "http://sandbox:8365",
    "D365_TOKEN_URL": "",
    "OIDC_ISSUER": "http://localhost:8090",
    "TRIAL_ISSUER": "http://localhost:8090",
}


@pytest.mark.parametrize(
    ("begin", "change", "named"),
    [
        (REAL, {}, None),
        (TRIAL, {}, None),
        (REAL, {"CASEBRIDGE_TRIAL": "true"}, "D365_URL"),
        (TRIAL, {"CASEBRIDGE_TRIAL": "false"}, "D365_URL"),
        (TRIAL, {"OIDC_ISSUER": "https://login.example"}, "OIDC_ISSUER"),
        (TRIAL, {"D365_TOKEN_URL": "https://login.example/token"}, "D365_TOKEN_URL"),
        (REAL, {"OIDC_ISSUER": "http://127.0.0.1:8090"}, "OIDC_ISSUER"),
        (REAL, {"OIDC_ISSUER": "http://oidc.internal:8090"}, "OIDC_ISSUER"),
        (REAL, {"OIDC_ISSUER": "https://oidc:8090"}, "OIDC_ISSUER"),
        (REAL, {"OIDC_ISSUER": "https://localhost"}, "OIDC_ISSUER"),
        (REAL, {"OIDC_ISSUER": "https://127.9.9.9/realm"}, "OIDC_ISSUER"),
        (REAL, {"D365_URL": "https://sandbox/data"}, "D365_URL"),
        (REAL, {"OIDC_ISSUER": "https://oidc.contoso.com"}, None),
        (REAL, {"OIDC_ISSUER": "https://oidc-login.contoso.com:8443/realms/dealers"}, None),
        (REAL, {"OIDC_ISSUER": "https://localhost.contoso.com"}, None),
        (REAL, {"D365_URL": "https://sandbox-uat.operations.dynamics.com"}, None),
        (REAL, {"D365_URL": "http://contoso.example"}, "D365_URL"),
        (REAL, {"D365_TOKEN_URL": ""}, "D365_TENANT_ID"),
        (REAL, {"D365_TOKEN_URL": "http://login.example/token"}, "D365_TOKEN_URL"),
        (REAL, {"D365_TOKEN_URL": "", "D365_TENANT_ID": "contoso.com"}, None),
        (REAL, {"D365_CLIENT_SECRET": "", "D365_CLIENT_CERTIFICATE": "/etc/casebridge/d365-certificate"}, None),
        (REAL, {"D365_CLIENT_SECRET": "short", "D365_MANAGED_IDENTITY": "true"}, "D365_CLIENT_SECRET"),
        (REAL, {"D365_CLIENT_SECRET": "", "D365_TOKEN_URL": "", "D365_MANAGED_IDENTITY": "true"}, None),
        (TRIAL, {"D365_TENANT_ID": "contoso.com"}, "D365_TENANT_ID"),
        (REAL, {"OIDC_DISCOVERY_URL": "http://login.example/d"}, "OIDC_DISCOVERY_URL"),
        (REAL, {"CASE_API_PASSWORD": "short1"}, "CASE_API_PASSWORD"),
        (REAL, {"POSTGRES_PASSWORD": "My-Password-1234567"}, "POSTGRES_PASSWORD"),
        (REAL, {"PORTAL_WEB_PASSWORD": f"{GOOD}@"}, "PORTAL_WEB_PASSWORD"),
        (REAL, {"D365_CLIENT_SECRET": ""}, "D365_CLIENT_SECRET"),
        (REAL, {"METRICS_TOKEN": "x"}, "METRICS_TOKEN"),
        (REAL, {"D365_EVENTS_SECRET": "ababababababababababab"}, "D365_EVENTS_SECRET"),
        (REAL, {"D365_EVENTS_SECRET": ""}, None),
        (REAL, {"D365_EVENTS_SECRET": "development-events-secret"}, "D365_EVENTS_SECRET"),
        (REAL, {"KAFKA_BROKER_PASSWORD": "kafka"}, "KAFKA_BROKER_PASSWORD"),
        (REAL, {"CASEBRIDGE_OUTSIDE": "true", "POSTGRES_PASSWORD": "", "D365_EVENTS_SECRET": ""}, None),
        (REAL, {"CASEBRIDGE_OUTSIDE": "true", "OIDC_ISSUER": "http://elsewhere.example"}, "OIDC_ISSUER"),
        (REAL, {"CASEBRIDGE_OUTSIDE": "true", "METRICS_TOKEN": "x"}, "METRICS_TOKEN"),
    ],
)
def test_the_stack_does_not_start_with_an_open_door(
    begin: dict[str, str], change: dict[str, str], named: str | None
) -> None:
    script = ["sh", str(ROOT / "deploy/check-settings.sh")]
    environment = {"PATH": os.environ["PATH"], **begin, **change}
    run = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == (2 if named else 0), run.stderr
    assert named is None or f"{named}: " in run.stderr


# A connection string of Event Hubs: only its key is a secret.
HUB = "Endpoint=sb://example-password.servicebus.windows.net/;SharedAccessKeyName=secret;SharedAccessKey="
SECRETS = [
    GOOD, GOOD.upper(), "x", "a" * 40, "Development-2026-x7", "my-PASSWORD-2026-x7", "abcde" * 4, "abcdef" * 4,
    HUB, f"{HUB}{GOOD}", f"{HUB}{GOOD};EntityPath=example", "Endpoint=sb://contoso.net/;SharedAccessKey=short;EntityPath=b",
    f"{HUB}my-password-2026-x7", f"{HUB}{GOOD};SharedAccessKey=short",
]  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_the_stack_and_the_services_call_the_same_secrets_weak(secret: str) -> None:
    script = ["sh", str(ROOT / "deploy/check-settings.sh")]
    environment = {"PATH": os.environ["PATH"], **REAL, "D365_CLIENT_SECRET": secret}
    run = subprocess.run(script, env=environment, capture_output=True, text=True, check=False)
    assert (run.returncode == 2) == is_weak(secret), run.stderr


# What people are sent to when something is wrong or missing.
GUIDES = [
    *sorted((ROOT / "docs/runbooks").glob("*.md")),
    *(
        ROOT / "docs" / name
        for name in ("connect-d365.md", "d365-sign-in.md", "events/d365.md", "identity-providers.md")
    ),
    *(ROOT / "docs" / name for name in ("kafka.md", "postgresql.md")),
]
# What Compose leaves out, and why.
NOT_PASSED_ON = {
    "D365_FEDERATED_TOKEN_FILE": "only Kubernetes has workload identity",
    "KAFKA_CLIENT_CERTIFICATE_FILE": "each service has its own: kafka.md says how",
    "KAFKA_CLIENT_KEY_FILE": "the same",
    "KAFKA_CLIENT_KEY_PASSWORD": "the same",
}

# What `migrate` alone uses: it creates the topics.
FOR_NEW_TOPICS = {"KAFKA_REPLICATION_FACTOR", "KAFKA_MIN_INSYNC_REPLICAS"}


def named() -> Iterator[str]:
    """The settings that the guides and the remedies of `casebridge d365 check` name."""
    remedies = [text.remedy for text in TEXTS.values()]
    words = set(re.findall(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+", " ".join([*remedies, *(one.read_text() for one in GUIDES)])))
    known = {variable(settings, name) for settings in PROGRAMS.values() for name in settings.model_fields}
    yield from sorted(words & (known | {"SSL_CERT_FILE"}))


def readers(name: str) -> list[str]:
    """The containers whose program reads a setting."""
    read = {service: settings for service, settings in SETTINGS.items() if service not in {"oidc", "sandbox"}}
    own = {service: {field.upper() for field in settings.model_fields} for service, settings in read.items()}
    own["casebridge"] = {
        field.upper() for one in ("d365 check", "identity check") for field in PROGRAMS[one].model_fields
    }
    return [
        service
        for service, fields in own.items()
        if (name in fields and (name not in FOR_NEW_TOPICS or service.startswith("migrate-")))
        or name == "SSL_CERT_FILE"
    ]


@pytest.mark.parametrize("name", sorted(set(named()) - NOT_PASSED_ON.keys()))
def test_what_a_guide_or_a_remedy_names_reaches_whoever_reads_it(name: str) -> None:
    outside = yaml.safe_load((ROOT / "deploy/outside.yml").read_text())["services"]
    given = {one: {*SERVICES[one]["environment"], *outside[one]["environment"]} for one in readers(name)}
    assert [one for one, names in given.items() if name not in names] == []


def test_what_compose_leaves_out_is_named_somewhere() -> None:
    assert NOT_PASSED_ON.keys() <= set(named())


def test_one_file_has_the_authorities_for_all_programs() -> None:
    assert "SSL_CERT_FILE" in set(named())
    for name in readers("SSL_CERT_FILE"):
        service = SERVICES[name]
        [mount] = [one for one in service["volumes"] if one.startswith("${CA_FILE:-/dev/null}:")]
        inside = mount.removeprefix("${CA_FILE:-/dev/null}:").removesuffix(":ro")
        given = service["environment"]["SSL_CERT_FILE"]
        assert interpolated(given, {"CA_FILE": "./ca.pem"}) == inside
        # An empty one would make OpenSSL trust nobody.
        assert interpolated(given, {}) == "/etc/ssl/certs/ca-certificates.crt"
        if "KAFKA_BOOTSTRAP_SERVERS" in service["environment"]:
            assert interpolated(service["environment"]["KAFKA_CA_FILE"], {"CA_FILE": "./ca.pem"}) == inside
            assert interpolated(service["environment"]["KAFKA_CA_FILE"], {}) == ""


def interpolated(text: str, variables: dict[str, str]) -> str:
    """What Compose makes of `${NAME:+value}`."""
    return re.sub(r"\$\{(\w+):\+([^}]*)\}", lambda match: match[2] if variables.get(match[1]) else "", text)


def test_the_sample_lists_every_variable_that_compose_takes() -> None:
    texts = [(ROOT / name).read_text() for name in ("docker-compose.yml", "deploy/outside.yml")]
    used = {name for text in texts for name in re.findall(r"\$\{([A-Z0-9_]+)", text)}
    files = [yaml.safe_load(text)["services"].values() for text in texts]
    environments = [one.get("environment", {}) for services in files for one in services]
    used |= {name for environment in environments for name, value in environment.items() if value is None}
    listed = set(re.findall(r"^#?([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert listed - {"COMPOSE_FILE"} <= used
    # The token is an operator's, for one command; the version is that of the images which Compose builds.
    assert used - listed == {"CASEBRIDGE_TOKEN", "CASEBRIDGE_VERSION"}
