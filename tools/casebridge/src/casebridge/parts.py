"""The parts of the local stack: their names and settings."""

import http.client
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from case_shared.process.safe_settings import is_local
from casebridge import kafka
from casebridge.output import Progress
from casebridge.passwords import password
from casebridge.ports import HOST
from casebridge.program import Program

SERVICES: Mapping[str, str] = {
    "case-api": "case_api",
    "d365-sync": "d365_sync",
    "status-sync": "status_sync",
    "portal-web": "portal_web",
}
ROLES = ("case_migrations", *SERVICES.values())
DATABASE = "casebridge"
PARTS = ("postgres", "kafka", "oidc", "sandbox", *SERVICES)
PROBE_SECONDS = 3
# Less than other brokers' minimum of six seconds: ours allows it (kafka.py), so a killed member's partitions move
# sooner.
SESSION_SECONDS = "3"
TOKEN_PATH = "/oauth2/v2.0/token"  # noqa: S105 (an address)
_OTHER_PROOFS = ("D365_CLIENT_CERTIFICATE", "D365_FEDERATED_TOKEN_FILE", "D365_MANAGED_IDENTITY")
_TOKEN_GIVERS = ("D365_TENANT_ID", "D365_TOKEN_URL", "D365_MANAGED_IDENTITY")
MAPPING = """\
# How D365's names map to ours, for the local stack's sandbox. What is left out has the default. Yours to edit.
web_case_id_unique = true

[document_queue]
entity_set = "DocumentQueueLogs"
"""


@dataclass(frozen=True)
class Plan:
    """What one `casebridge up` runs, with its settings; `given` is the user's environment and overrides defaults."""

    data_dir: Path
    ports: Mapping[str, int]
    given: Mapping[str, str]
    log_format: str

    def includes(self, name: str) -> bool:
        """Whether this part is included."""
        return name in self.ports

    def url(self, name: str) -> str:
        """The address of a part that speaks HTTP."""
        return f"http://{HOST}:{self.ports[name]}"

    @property
    def urls(self) -> dict[str, str]:
        """The addresses of all parts that speak HTTP."""
        return {name: self.url(name) for name in (*SERVICES, "oidc", "sandbox") if self.includes(name)}

    @property
    def kafka(self) -> str | None:
        """Kafka's host:port, if it belongs to the stack."""
        return f"{HOST}:{self.ports['kafka']}" if self.includes("kafka") else None

    @property
    def issuer(self) -> str | None:
        """The issuer whose tokens the services trust."""
        return self.given.get("OIDC_ISSUER") or (self.url("oidc") if self.includes("oidc") else None)

    def database_url(self, role: str, database: str = DATABASE) -> str:
        """The database's URL for one role."""
        return f"postgresql://{role}:{password(self.data_dir, role)}@{HOST}:{self.ports['postgres']}/{database}"


def python_program(plan: Plan, name: str, module: str, settings: Mapping[str, str], ready_path: str) -> Program:
    """A part that is a Python module of ours, ready when it answers 200 at `ready_path`."""
    port = plan.ports[name]
    return Program(
        name=name,
        argv=(sys.executable, "-m", module, *(["serve"] if module != "casebridge.oidc" else [])),
        folder=Path.cwd(),
        environment={**settings, "PYTHONUNBUFFERED": "1"},
        is_ready=lambda: answers(port, ready_path),
    )


def answers(port: int, path: str) -> bool:
    """Whether a GET there returns 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def service(plan: Plan, name: str) -> Program:
    """One of the services."""
    return python_program(plan, name, SERVICES[name], service_settings(plan, name), "/readyz")


def service_settings(plan: Plan, name: str, user: str | None = None) -> dict[str, str]:
    """The environment of a service: our defaults, the user's own variables, and what only the stack knows.

    `user` is the Kafka user that it acts as, if not its own.
    """
    defaults = {"LOG_FORMAT": plan.log_format, "D365_MAPPING": str(mapping_file(plan.data_dir)), **d365_defaults(plan)}
    if plan.issuer:
        defaults["OIDC_ISSUER"] = plan.issuer
    if name == "portal-web":
        defaults |= portal_defaults(plan)
    if plan.kafka:
        defaults["KAFKA_SESSION_TIMEOUT_SECONDS"] = SESSION_SECONDS
    settings = {**defaults, **plan.given, "HOST": HOST, "PORT": str(plan.ports[name])}
    if plan.includes("postgres"):
        settings["DATABASE_URL"] = plan.database_url(SERVICES[name])
        settings["MIGRATIONS_DATABASE_URL"] = plan.database_url("case_migrations")
    if plan.kafka:
        settings |= kafka_client(plan, "KAFKA", user or name)
    return settings


def kafka_client(plan: Plan, prefix: str, user: str) -> dict[str, str]:
    """How a service reaches Kafka as `user`, which has its own rights only; variables begin with `prefix`."""
    return {
        f"{prefix}_BOOTSTRAP_SERVERS": f"{HOST}:{plan.ports['kafka-services']}",
        f"{prefix}_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        f"{prefix}_SASL_MECHANISM": "PLAIN",
        f"{prefix}_SASL_USERNAME": user,
        f"{prefix}_SASL_PASSWORD": kafka_password(plan.data_dir, user),
    }


def kafka_password(data_dir: Path, user: str) -> str:
    """The password of a user of Kafka."""
    return password(data_dir, f"kafka_{user}")


def portal_defaults(plan: Plan) -> dict[str, str]:
    """The portal's address, and those of the stack's APIs."""
    apis = {"CASE_API_URL": "case-api", "D365_SYNC_URL": "d365-sync"}
    defaults = {variable: plan.url(name) for variable, name in apis.items() if plan.includes(name)}
    return {"PUBLIC_URL": plan.url("portal-web"), **defaults}


def d365_defaults(plan: Plan) -> dict[str, str]:
    """How the services reach and sign in to the sandbox, unless the user names another D365 or way of signing in."""
    defaults = {"D365_URL": plan.url("sandbox")} if plan.includes("sandbox") else {}
    d365 = plan.given.get("D365_URL") or defaults.get("D365_URL", "")
    # On this machine, D365 is the sandbox or another stand-in, which issues tokens itself. A real one knows no secret
    # of ours, and its own goes only where its owner says.
    if not is_local(urlsplit(d365).hostname or ""):
        return defaults
    defaults["D365_EVENTS_SECRET"] = password(plan.data_dir, "d365_events")
    if not any(name in plan.given for name in _OTHER_PROOFS):
        defaults |= {"D365_CLIENT_ID": "casebridge", "D365_CLIENT_SECRET": password(plan.data_dir, "d365_client")}
    if not any(name in plan.given for name in _TOKEN_GIVERS):
        defaults["D365_TOKEN_URL"] = f"{d365.rstrip('/')}{TOKEN_PATH}"
    return defaults


def mapping_file(data_dir: Path) -> Path:
    """The mapping of the local stack; written only once, so that it can be edited."""
    file = data_dir / "mapping.toml"
    if not file.exists():
        file.write_text(MAPPING)
    return file


def kafka_server(plan: Plan, progress: Progress) -> Program:
    """Kafka, with a listener for the services, at which each has only its own rights."""
    from casebridge.kafka_rights import USERS

    secured = kafka.Secured(plan.ports["kafka-services"], {user: kafka_password(plan.data_dir, user) for user in USERS})
    return kafka.program(plan.data_dir, plan.ports["kafka"], plan.ports["kafka-controller"], progress, secured)


def give_kafka_rights(plan: Plan) -> None:
    """Grant each user of the stack's Kafka the rights that it needs."""
    # Importing the Kafka clients takes half a second, which every other command would wait for.
    from case_shared.kafka.connection import KafkaSettings
    from casebridge.kafka_admin import grant
    from casebridge.kafka_rights import D365_EVENTS, rights

    names = ("KAFKA_TOPIC_PREFIX", ""), ("KAFKA_GROUP_PREFIX", ""), ("D365_EVENTS_TOPIC", D365_EVENTS)
    open_door = KafkaSettings(kafka_bootstrap_servers=plan.kafka or "", kafka_security_protocol="PLAINTEXT")
    grant(open_door, rights(*(plan.given.get(name, default) for name, default in names)))


def sandbox(plan: Plan) -> Program:
    """The stand-in for D365."""
    defaults = {
        "SANDBOX_CLIENT_ID": plan.given.get("D365_CLIENT_ID", "casebridge"),
        "SANDBOX_CLIENT_SECRET": plan.given.get("D365_CLIENT_SECRET", password(plan.data_dir, "d365_client")),
        "SANDBOX_EVENTS_HTTPS_SECRET": plan.given.get("D365_EVENTS_SECRET", password(plan.data_dir, "d365_events")),
        "SANDBOX_DATA_FILE": str(plan.data_dir / "sandbox.sqlite3"),
    }
    if plan.kafka:
        defaults |= kafka_client(plan, "SANDBOX_KAFKA", "d365")
    settings = {**defaults, **plan.given, "SANDBOX_HOST": HOST, "SANDBOX_PORT": str(plan.ports["sandbox"])}
    return python_program(plan, "sandbox", "d365_sandbox", settings, "/_sandbox/health")


def oidc(plan: Plan) -> Program:
    """The development identity provider."""
    settings = {
        **plan.given,
        "OIDC_HOST": HOST,
        "OIDC_PORT": str(plan.ports["oidc"]),
        "OIDC_ISSUER": plan.issuer or plan.url("oidc"),
        "OIDC_DATA_DIR": str(plan.data_dir / "oidc"),
        "OIDC_TOOLS_SECRET": password(plan.data_dir, "oidc_tools"),
    }
    return python_program(plan, "oidc", "casebridge.oidc", settings, "/.well-known/openid-configuration")


def user_environment() -> dict[str, str]:
    """The environment of `casebridge` itself; empty and blank variables count as not given."""
    return {name: value for name, value in os.environ.items() if value.strip()}
