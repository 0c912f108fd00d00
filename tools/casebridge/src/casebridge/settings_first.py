"""What the services would refuse at their start, found before anything starts."""

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from casebridge import parts
from casebridge.errors import UsageError
from casebridge.parts import SERVICES, Plan

# Whatever is left out must be named, or started along with the rest.
_STAND_INS = {
    "sandbox": "D365_URL",
    "oidc": "OIDC_ISSUER",
    "postgres": "DATABASE_URL",
    "kafka": "KAFKA_BOOTSTRAP_SERVERS",
}


def check_settings(plan: Plan) -> None:
    """Raise UsageError with all that is wrong with the settings of the services that the plan includes."""
    found: dict[str, list[str]] = {}
    for service in (name for name in SERVICES if plan.includes(name)):
        for problem in _problems(plan, service):
            found.setdefault(problem, []).append(service)
    if found:
        raise UsageError(
            "\n".join([*(f"{problem} ({', '.join(who)})" for problem, who in found.items()), *_hints(plan, found)])
        )


def _problems(plan: Plan, service: str) -> list[str]:
    # Importing what services read their settings with takes half a second.
    from case_shared.process.settings import problems_of

    settings = importlib.import_module(f"{SERVICES[service]}.settings").Settings
    with _environment(parts.service_settings(plan, service)):
        return problems_of(settings)


def _hints(plan: Plan, problems: Mapping[str, object]) -> Iterator[str]:
    for part, setting in _STAND_INS.items():
        if not plan.includes(part) and any(problem.startswith(f"Set {setting}:") for problem in problems):
            yield f"Or leave {part} out of --without: the stack's own one is used then."


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
