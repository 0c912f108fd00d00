"""An OIDC provider's keys: found by its discovery document, fetched ahead, and again (rarely) for an unknown `kid`."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import jwt
import structlog
from jwt import PyJWK
from jwt.algorithms import OKPAlgorithm
from prometheus_client import Gauge

from case_shared.process.clock import Clock
from case_shared.process.loops import pause
from case_shared.process.safe_settings import is_local, is_private
from case_shared.process.settings import OidcSettings
from case_shared.words.errors import Transient

log = structlog.get_logger(__name__)
# Two names of one algorithm: EdDSA on the only curve that we take (RFC 9864).
_ED25519 = ("EdDSA", "Ed25519")
with suppress(ValueError):  # a later PyJWT may know the second one itself
    jwt.register_algorithm("Ed25519", OKPAlgorithm())
# Asymmetric ones only: a public key must never be used as an HMAC secret, and `none` is not an algorithm.
_ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC P-256": ("ES256",),
    "EC P-384": ("ES384",),
    "EC P-521": ("ES512",),
    "OKP Ed25519": _ED25519,
}
SIGNING = frozenset(name for kind in _ALGORITHMS.values() for name in kind)
# A key that the provider has withdrawn is refused within five minutes.
_AGE_SECONDS = 240.0
_RETRY_SECONDS = 2.0
# In the discovery document of `casebridge.oidc`, whatever its issuer's name.
DEVELOPMENT_MARK = "casebridge_development"
# NIST SP 800-131A: smaller keys can be factored.
_SMALLEST_RSA_BITS = 2048
# However many tokens with made-up `kid`s arrive, we ask the provider no more often than this.
_LOOK_AGAIN_SECONDS = 10.0
_reachable = Gauge(
    "casebridge_oidc_reachable", "1 while the identity provider gives us its keys; NaN before the first attempt"
)
_reachable.set(float("nan"))


class ProviderUnreachable(Transient):
    """The OIDC provider does not answer, so we cannot know whether a key is its own."""


@dataclass(frozen=True)
class Key:
    """A public key, and the algorithm that it signs with."""

    public: Any
    algorithm: str


# Several keys may share a `kid` if their algorithms differ (RFC 7517, section 4.5).
Keys = Mapping[tuple[str, str], Key]


@dataclass
class ProviderKeys:
    """The signing keys of one provider, by `kid` and algorithm; a fetch drops those that it no longer publishes.

    `fetched` is called after each fetch.
    """

    settings: OidcSettings
    session: aiohttp.ClientSession
    clock: Clock
    fetched: Callable[[], None]
    _keys: Keys = field(default_factory=dict)
    _reached: bool = True
    _tried_at: float = float("-inf")
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, key_id: str, algorithm: str) -> Key | None:
        """Return the key, or None if the provider has none. Raises: `ProviderUnreachable` if we cannot know."""
        if (key_id, algorithm) not in self._keys:
            await self._look_again()
        found = self._keys.get((key_id, algorithm))
        if found is None and not self._reached:
            raise ProviderUnreachable(f"OIDC_ISSUER {self.settings.oidc_issuer} does not answer. Try again.")
        return found

    async def keep(self, stopping: asyncio.Event) -> None:
        """Fetch the keys now, so that no caller waits for them, and every four minutes until `stopping` is set."""
        while not stopping.is_set():
            async with self._fetching:
                await self._fetch()
            await pause(_AGE_SECONDS if self._reached else _RETRY_SECONDS, stopping)

    async def _look_again(self) -> None:
        async with self._fetching:
            if self.clock.monotonic() - self._tried_at > (_LOOK_AGAIN_SECONDS if self._keys else _RETRY_SECONDS):
                await self._fetch()

    async def _fetch(self) -> None:
        try:
            self._keys = usable_keys(await self._published())
            self.fetched()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Logged once: the provider may be away for hours. The keys known before stay valid until it answers again.
            if self._reached:
                log.warning("oidc_keys_not_fetched", issuer=self.settings.oidc_issuer, error=repr(error))
            self._reached = False
        else:
            if not self._reached:
                log.info("oidc_keys_fetched", issuer=self.settings.oidc_issuer)
            self._reached = True
        finally:
            self._tried_at = self.clock.monotonic()
            _reachable.set(self._reached)

    async def _published(self) -> Any:
        issuer = self.settings.oidc_issuer
        well_known = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        discovery = await self._get(self.settings.oidc_discovery_url or well_known)
        if discovery.get("issuer") != issuer:
            raise ValueError(f"the provider calls itself {discovery.get('issuer')!r}")
        if discovery.get(DEVELOPMENT_MARK) and not self._is_harmless(issuer):
            raise ValueError("it is the development provider, which asks for no passwords")
        keys_url = str(discovery.get("jwks_uri"))
        if not is_private(keys_url, self.settings):
            raise ValueError(
                f"its keys at {keys_url} are not protected by https, so anybody on the way could replace them"
            )
        return (await self._get(keys_url)).get("keys")

    def _is_harmless(self, url: str) -> bool:
        """Whether nobody is between us and `url`: it is this machine, or a trial's own network."""
        return getattr(self.settings, "casebridge_trial", False) or is_local(urlsplit(url).hostname or "")

    async def _get(self, url: str) -> dict[str, Any]:
        async with self.session.get(url, timeout=aiohttp.ClientTimeout(total=5)) as response:
            response.raise_for_status()
            for hop in [*response.history, response][1:]:
                if not is_private(str(hop.url), self.settings):
                    raise ValueError(f"{url} redirects to {hop.url}, which is not protected by https")
            document = await response.json(content_type=None)
            if not isinstance(document, dict):
                raise ValueError(f"{url} is not a JSON object")  # noqa: TRY004 - like any other invalid answer of a provider
            return document


def usable_keys(published: Any) -> Keys:
    """Return the keys that may sign tokens; omits others (for encryption, symmetric, of an unknown kind, broken).

    Raises: `ValueError` if none is left: nobody could sign in, so it is better to keep the keys known before.
    """
    entries = [entry for entry in published if isinstance(entry, dict)] if isinstance(published, list) else []
    # Of two keys with one `kid`, the one that names the algorithm counts.
    entries.sort(key=lambda entry: "alg" in entry)
    found = {(str(entry["kid"]), key.algorithm): key for entry in entries if entry.get("kid") for key in _usable(entry)}
    if not found:
        raise ValueError("the provider publishes no usable key")
    return found


def _usable(entry: Mapping[str, Any]) -> list[Key]:
    """Return the key once for each algorithm that it may sign with: those of its own kind alone."""
    possible = _ALGORITHMS.get(" ".join(str(entry[part]) for part in ("kty", "crv") if part in entry), ())
    # Entra ID names no algorithm; Keycloak does, and also has a key for encryption.
    named = _ED25519 if entry.get("alg") in _ED25519 else (entry.get("alg"),)
    algorithms = [name for name in possible if "alg" not in entry or name in named]
    if not algorithms or entry.get("use", "sig") != "sig":
        return []
    try:
        if "verify" not in entry.get("key_ops", ["verify"]):
            return []
        public = PyJWK(dict(entry), algorithms[0]).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return []
    weak = entry["kty"] == "RSA" and public.key_size < _SMALLEST_RSA_BITS
    return [] if weak else [Key(public, name) for name in algorithms]
