"""Unsafe settings stop the start, each reported by its name.

Nobody else sees what stays on this machine (loopback); a trial, which says that it is one, stays in its own network.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, SecretStr, model_validator

from case_shared.process.database_urls import hosts_of
from case_shared.process.secret_files import SecretFileSettings

_SHORTEST_SECRET = 16
_FEWEST_CHARACTERS = 6
_WELL_KNOWN = ("development", "password", "changeme", "change-me", "secret", "example", "12345678")
# These receive tokens and secrets; `_SECRETS` maps each secret to the address that it is sent to.
_ADDRESSES = ("d365_url", "d365_token_url", "oidc_issuer", "oidc_discovery_url", "kafka_oauth_token_url")
_SECRETS = {
    "d365_client_secret": "token_url",
    "oidc_client_secret": "oidc_issuer",
    "kafka_sasl_password": "kafka_bootstrap_servers",
    "kafka_oauth_client_secret": "kafka_oauth_token_url",
    "d365_events_secret": "host",
    "metrics_token": "host",
}
_DATABASES = ("database_url", "migrations_database_url")


def is_local(host: str) -> bool:
    """Whether `host` is this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_private(url: str, settings: object) -> bool:
    """Whether nobody else can read along: `url` is https, on this machine, or in a trial's own network."""
    trial = bool(getattr(settings, "casebridge_trial", False))
    return url.startswith("https://") or is_local(_host(url)) or trial


def is_weak(secret: str) -> bool:
    """Whether `secret` is short, or well known; of a connection string of Event Hubs, only its key is a secret."""
    _, found, key = secret.rpartition("SharedAccessKey=")
    judged = key.partition(";")[0] if found else secret
    known = any(word in judged.lower() for word in _WELL_KNOWN)
    return known or len(judged) < _SHORTEST_SECRET or len(set(judged)) < _FEWEST_CHARACTERS


class SafeSettings(SecretFileSettings):
    """The checks, for whichever of those settings a service has."""

    casebridge_trial: bool = Field(
        default=False,
        description="Whether this is a trial. A trial accepts well-known secrets, and reaches only this machine and "
        "its own network.",
    )

    @model_validator(mode="after")
    def _are_safe(self) -> Self:
        if problems := list(self._problems()):
            raise ValueError("\n".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        """Yield all that prevents the start, each with its setting's name; subclasses add their own."""
        yield from self._refused_addresses()
        yield from self._refused_credentials()
        if not self.casebridge_trial:
            yield from self._refused_secrets()

    def _refused_addresses(self) -> Iterator[str]:
        for name in _ADDRESSES:
            url = getattr(self, name, None)
            if not url:
                continue
            parts = urlsplit(url)
            host, plain = parts.hostname or "", parts.scheme == "http"
            if self.casebridge_trial and not _is_within(host):
                yield (
                    f"CASEBRIDGE_TRIAL: a trial uses only its own sandbox and provider, but {name.upper()} is {host}. "
                    "Correct it, or set CASEBRIDGE_TRIAL=false"
                )
            elif plain and not is_local(host) and not self.casebridge_trial:
                yield f"{name.upper()}: use https, because secrets go there; http is only for this machine"
        if _host(getattr(self, "d365_url", None)) and _host(getattr(self, "oidc_issuer", None)):
            yield from self._refused_provider()

    def _refused_credentials(self) -> Iterator[str]:
        for name, value in self:
            if isinstance(value, str) and "://" in value and urlsplit(value).password is not None:
                yield f"{name.upper()}: remove the user and password, because the log shows this address"

    def _refused_provider(self) -> Iterator[str]:
        d365, issuer = _host(getattr(self, "d365_url", None)), urlsplit(getattr(self, "oidc_issuer", ""))
        if not _is_within(d365) and issuer.scheme == "http":
            yield (
                f"OIDC_ISSUER: {issuer.geturl()} is a development provider, but D365_URL is not a sandbox. Set your "
                "own provider"
            )

    def _refused_secrets(self) -> Iterator[str]:
        hint = (
            f"too short or well known; use {_SHORTEST_SECRET} characters or more, for example from `openssl rand -hex "
            "24`"
        )
        for name, target in _SECRETS.items():
            secret: SecretStr | None = getattr(self, name, None)
            hosts = _hosts(getattr(self, target, None))
            if secret and is_weak(secret.get_secret_value()) and not (hosts and all(is_local(host) for host in hosts)):
                yield f"{name.upper()}: {hint}"
        for name in _DATABASES:
            url: SecretStr | None = getattr(self, name, None)
            parts = urlsplit(url.get_secret_value()) if url else None
            places = hosts_of(url.get_secret_value()) if url else []
            local = bool(places) and all(is_local(host) for host, _ in places)
            if parts and parts.password and not local and is_weak(unquote(parts.password)):
                yield f"{name.upper()}: password {hint}"


def is_within(url: str) -> bool:
    """Whether a trial may reach `url`: this machine, or a name that only a container network knows."""
    return _is_within(_host(url))


def _is_within(host: str) -> bool:
    """Whether a trial may reach `host`: this machine, or a name that only a container network knows."""
    return is_local(host) or (bool(host) and "." not in host and ":" not in host)


def _host(url: str | None) -> str:
    return (urlsplit(url).hostname or "") if url else ""


def _hosts(address: Any) -> list[str]:
    """Return the hosts of a URL, of a host, or of several host:port separated by commas."""
    if not isinstance(address, str):
        return []
    if "://" in address:
        return [_host(address)]
    return [_host(f"//{one.strip()}") if ":" in one else one.strip() for one in address.split(",")]
