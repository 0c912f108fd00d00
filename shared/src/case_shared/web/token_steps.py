"""Shows step by step what a token may do, and why: with the code that decides it for a request."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import jwt

from case_shared.process.safe_settings import SafeSettings
from case_shared.process.settings import OidcSettings, names
from case_shared.web.auth import Principal, TokenVerifier, header_of
from case_shared.web.provider_keys import Key, ProviderUnreachable
from case_shared.web.rights import claims_in, find_claim, left_out, rights_of, slugs_in, words_in
from case_shared.words.scopes import Scope

_CLAIMS = ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")
_SHOWN = 10
# What each scope allows, in words.
MEANINGS: Mapping[Scope, str] = {
    Scope.CASES_READ: "see the cases of its dealers",
    Scope.CASES_WRITE: "write and delete drafts for its dealers",
    Scope.CASES_SUBMIT: "submit cases of its dealers",
    Scope.DOCUMENTS_READ: "see the document queue (operators)",
    Scope.DOCUMENTS_WRITE: "act on the document queue (operators)",
    Scope.AUDIT_READ: "read the audit (operators)",
    Scope.PERSONAL_DATA_ERASE: "erase personal data permanently",
}


class TokenSettings(SafeSettings, OidcSettings):
    """Whose tokens are trusted, as in the services' settings."""


class State(StrEnum):
    """How a step ended; a warning does not make a token bad."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Step:
    """One step: what was found, and what to do about it."""

    id: str
    state: State
    message: str
    remedy: str | None = None


@dataclass
class Explanation:
    """All steps, and the caller that the token identifies, if it is valid."""

    steps: list[Step] = field(default_factory=list)
    principal: Principal | None = None
    unreachable: bool = False

    @property
    def ok(self) -> bool:
        """Whether the services accept the token, and nothing of it is wrong."""
        return self.principal is not None and all(step.state != State.FAILED for step in self.steps)

    @property
    def may(self) -> list[str]:
        """What the token's user may do, in words."""
        scopes = self.principal.scopes if self.principal else frozenset()
        return [text for scope, text in MEANINGS.items() if scope in scopes]

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as `--json` prints it."""
        found: dict[str, Any] = {"ok": self.ok, "steps": [asdict(step) for step in self.steps], "may": self.may}
        if self.principal:
            known = asdict(self.principal)
            lists = {name: sorted(known[name]) for name in ("scopes", "dealers")}
            found["caller"] = {**known, **lists, "expires_at": self.principal.expires_at.isoformat()}
        return found


async def explain(token: str, settings: OidcSettings, verifier: TokenVerifier) -> Explanation:
    """Check the token as a service with these settings does; the verdict is `verifier`'s own."""
    found = Explanation()
    claims = claims_in(token)
    key = await _key(token, verifier, found)
    if key is not None:
        found.steps += _checks(token, key, claims, settings, verifier)
    if claims:
        found.steps += [_username(claims, settings), *_scopes(claims, settings), _dealers(claims, settings)]
    if found.unreachable:
        return found
    try:
        found.principal = await verifier.verify(token)
    except jwt.InvalidTokenError as error:
        if all(step.state != State.FAILED for step in found.steps):
            found.steps.append(Step("verdict", State.FAILED, f"The services refuse the token: {error}."))
    return found


async def _key(token: str, verifier: TokenVerifier, found: Explanation) -> Key | None:
    """Take the steps until the key is known."""
    try:
        header = header_of(token)
    except jwt.InvalidTokenError as error:
        remedy = "Send an access token that is a JWT. ID tokens, refresh tokens and opaque tokens give no access."
        found.steps.append(
            Step("form", State.FAILED, f"The services do not accept this kind of token: {error}.", remedy)
        )
        return None
    algorithm, kid = header.get("alg"), header["kid"]
    found.steps.append(
        Step(
            "form", State.OK, f"The token is a JWT with {len(token)} characters, signed with {algorithm} and key {kid}."
        )
    )
    try:
        key = await verifier.key_of(token)
    except ProviderUnreachable as error:
        found.unreachable = True
        remedy = "Check OIDC_ISSUER and OIDC_DISCOVERY_URL. The log line above says what went wrong."
        found.steps.append(Step("key", State.FAILED, f"The key could not be checked: {error}.", remedy))
        return None
    except jwt.InvalidTokenError as error:
        remedy = "Compare the token's issuer with OIDC_ISSUER. If the provider's keys have changed, get a new token."
        found.steps.append(Step("key", State.FAILED, f"The token is refused: {error}.", remedy))
        return None
    found.steps.append(Step("key", State.OK, "The issuer publishes this key."))
    return key


def _checks(
    token: str, key: Key, claims: Mapping[str, Any], settings: OidcSettings, verifier: TokenVerifier
) -> Iterator[Step]:
    """Check signature, issuer, audience, times and subject, each by itself."""
    issuer, audience = claims.get("iss"), claims.get("aud")
    checks: tuple[tuple[str, dict[str, Any], str, str], ...] = (
        ("signature", {}, "The signature is valid.", "Get a new token. This one was changed."),
        ("issuer", {"verify_iss": True, "require": ["iss"]}, f"The issuer is {issuer}.",
         f"iss is {issuer!r}, but OIDC_ISSUER is {settings.oidc_issuer!r}. They must be exactly the same."),
        ("audience", {"verify_aud": True, "require": ["aud"]}, f"The audience is {audience}.",
         f"aud is {audience!r}, but OIDC_AUDIENCE is {settings.oidc_audience!r}. Let the provider add it to aud."),
        ("times", {"verify_exp": True, "verify_nbf": True, "verify_iat": True, "require": ["exp"]},
         "The token is valid now.", "Get a new token, and compare the clocks. They may differ by up to 30 seconds."),
        ("subject", {"verify_sub": True, "require": ["sub"]}, f"sub is {claims.get('sub')}.",
         "Let the provider set sub to 1 to 255 printable characters."),
    )  # fmt: skip
    signed = True
    for name, demanded, good, remedy in checks:
        try:
            verifier.claims(token, key, **{**_nothing(), **demanded, "verify_signature": signed})
            yield Step(name, State.OK, good)
        except jwt.InvalidTokenError as error:
            signed = signed and name != "signature"
            yield Step(name, State.FAILED, f"The token is refused: {error}.", remedy)


def _nothing() -> dict[str, Any]:
    return {**{f"verify_{claim}": False for claim in _CLAIMS}, "require": []}


def _username(claims: Mapping[str, Any], settings: OidcSettings) -> Step:
    wanted = names(settings.oidc_username_claim)
    used = next((name for name in wanted if find_claim(claims, name)), None)
    if used:
        return Step("username", State.OK, f"{used} is {find_claim(claims, used)}.")
    message = f"The token has no {' or '.join(wanted)}, so created_by and the audit show sub, {claims.get('sub')}."
    return Step("username", State.WARNING, message, "In OIDC_USERNAME_CLAIM, name a claim that the token has.")


def _scopes(claims: Mapping[str, Any], settings: OidcSettings) -> Iterator[Step]:
    """Show as one step which claim grants which scopes."""
    parts: list[str] = []
    for name in names(settings.oidc_scope_claim):
        words = words_in(claims, name)
        mapped = {word: settings.oidc_scope_map[word] for word in words if word in settings.oidc_scope_map}
        ours = sorted(words & set(Scope))
        others = sorted(words - set(Scope) - set(mapped))
        given = [*ours, *(f"{word} (= {scopes})" for word, scopes in sorted(mapped.items()))]
        if given:
            parts.append(f"{name} gives {', '.join(given)}.")
        if others:
            parts.append(f"{name} has {_some(others)}, which Casebridge does not know.")
        if not words:
            parts.append(f"{name} is missing or empty.")
    if rights_of(claims, settings).scopes & set(Scope):
        yield Step("scopes", State.OK, " ".join(parts))
        return
    remedy = "Name the claim with roles or scopes in OIDC_SCOPE_CLAIM, and their meaning in OIDC_SCOPE_MAP."
    yield Step("scopes", State.WARNING, f"The token gives no scope. {' '.join(parts)}", remedy)


def _dealers(claims: Mapping[str, Any], settings: OidcSettings) -> Step:
    claim, prefix = settings.oidc_dealers_claim, settings.oidc_dealers_prefix
    if left_out(claims, settings):
        message = f"The provider left out {claim} because it has too many values (group overage)."
        remedy = (
            "Limit the claim to the groups that are assigned to the application, or assign dealers with an attribute."
        )
        return Step("dealers", State.FAILED, message, remedy)
    words = words_in(claims, claim)
    slugs = slugs_in(words, prefix)
    without = [word for word in words if word.removeprefix(prefix) not in slugs]
    aside = f" Ignored because of OIDC_DEALERS_PREFIX {prefix}: {_some(sorted(without))}." if without else ""
    if slugs:
        return Step("dealers", State.OK, f"{claim} gives {len(slugs)}: {_some(sorted(slugs))}.{aside}")
    message = f"{claim} gives no dealer{'.' if words else ' because it is missing or empty.'}{aside}"
    needed = rights_of(claims, settings).scopes & {Scope.CASES_READ, Scope.CASES_WRITE, Scope.CASES_SUBMIT}
    missing = "Assign a dealer to the user, and name the claim in OIDC_DEALERS_CLAIM." if needed else None
    return Step("dealers", State.WARNING if needed else State.OK, message, missing)


def _some(words: list[str]) -> str:
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return ", ".join(words[:_SHOWN]) + more
