"""What docker-compose.yml passes is what the services read."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

import case_api.settings
import d365_sync.settings
import portal_web.settings
import status_sync.settings
from case_shared.kafka import KafkaSettings
from case_shared.settings import MigrationSettings
from casebridge.oidc.settings import OidcProviderSettings
from d365_sandbox.settings import Settings as SandboxSettings

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
SHARED = {*KafkaSettings.model_fields, "probe_url", "d365_events_topic", "d365_events_secret", "d365_category_types"}


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


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_says_how_long_its_stop_may_take(service: str) -> None:
    assert SERVICES[service]["stop_grace_period"]


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_open_to_this_machine_alone(service: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", []))
