"""A replica of a service: the release that it runs, its settings, and its way through the links."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from casebridge import parts
from casebridge.kafka_rights import MIGRATIONS
from casebridge.parts import Plan
from casebridge.ports import HOST
from casebridge.program import Program
from tests.chaos.links import Link


@dataclass(frozen=True)
class Release:
    """A release of Casebridge, by the interpreter of its environment; ours unless others are given."""

    name: str = "this"
    python: str = sys.executable
    folder: Path = field(default_factory=Path.cwd)

    def runs(self, program: Program) -> Program:
        """The same part, run by this release."""
        return replace(program, argv=(self.python, *program.argv[1:]), folder=self.folder)

    def migrate(self, plan: Plan, service: str, **settings: str) -> None:
        """Run a service's migrations; raises AssertionError with what they said if they fail."""
        done = subprocess.run(
            [self.python, "-m", parts.SERVICES[service], "migrate"],
            cwd=self.folder, env={**parts.service_settings(plan, service, MIGRATIONS), **settings},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{self.name} release, {service}: {(done.stdout + done.stderr)[-3000:]}"


OURS = Release()


def replica(plan: Plan, links: Mapping[str, Link], name: str, release: Release = OURS) -> Program:
    """The replica `kind-number`, which reaches everything through links."""
    kind = name.rpartition("-")[0]
    settings = parts.service_settings(plan, kind)
    direct = f"{HOST}:{plan.ports['postgres']}"
    settings["DATABASE_URL"] = settings["DATABASE_URL"].replace(direct, through(links, f"{kind} → postgres"))
    settings |= {
        "KAFKA_BOOTSTRAP_SERVERS": through(links, f"{kind} → kafka"),
        "KAFKA_GROUP_INSTANCE": name,
        "OIDC_DISCOVERY_URL": f"http://{through(links, 'services → oidc')}/.well-known/openid-configuration",
        "FAULT_POINTS_DIR": str(fault_points(plan)),
    }
    if kind != "case-api":
        settings["D365_URL"] = f"http://{through(links, f'{kind} → d365')}"
        settings["D365_TOKEN_URL"] = f"{settings['D365_URL']}{parts.TOKEN_PATH}"
    return release.runs(at_port(plan, kind, plan.ports[name], settings))


def at_port(plan: Plan, kind: str, port: int, settings: Mapping[str, str]) -> Program:
    """A process of a service at a port of its own."""
    there = replace(plan, ports={**plan.ports, kind: port})
    return parts.python_program(there, kind, parts.SERVICES[kind], {**settings, "PORT": str(port)}, "/readyz")


def fault_points(plan: Plan) -> Path:
    """The folder in which faults ask for something to happen at a point of the code."""
    return plan.data_dir / "fault-points"


def through(links: Mapping[str, Link], name: str) -> str:
    """The address of a link."""
    return f"{HOST}:{links[name].port}"
