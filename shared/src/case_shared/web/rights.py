"""What a token's claims let its user do: scopes and dealers, by the names that the provider gives them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from case_shared.process.settings import OidcSettings, names


@dataclass(frozen=True)
class Rights:
    """Scopes of ours (`cases:read`, …) and the slugs of dealers."""

    scopes: frozenset[str] = frozenset()
    dealers: frozenset[str] = frozenset()


def rights_of(claims: Mapping[str, Any], settings: OidcSettings) -> Rights:
    """The rights in an access token's claims; what `OIDC_SCOPE_MAP` does not know counts by its own name."""
    claimed = (_words(find_claim(claims, name)) for name in names(settings.oidc_scope_claim))
    granted = frozenset().union(*claimed)
    mapped = {scope for word in granted for scope in settings.oidc_scope_map.get(word, "").split()}
    return Rights(granted | mapped, frozenset(_words(find_claim(claims, settings.oidc_dealers_claim))))


def username_of(claims: Mapping[str, Any], settings: OidcSettings) -> str | None:
    """The name in the first of `OIDC_USERNAME_CLAIM` that the token has; None where it has none of them."""
    found = (str(find_claim(claims, name) or "") for name in names(settings.oidc_username_claim))
    return next(filter(None, (text.replace("\x00", "")[:254] for text in found)), None)


def rights_in(access_token: str, settings: OidcSettings) -> Rights:
    """The rights in a token that the provider has just given; see `claims_in`."""
    return rights_of(claims_in(access_token), settings)


def claims_in(access_token: str) -> Mapping[str, Any]:
    """The claims of a token that the provider itself has just given; none where it is not a JWT.

    The signature is not checked: this is for showing what the APIs, which do check it, will allow.
    """
    try:
        claims: dict[str, Any] = jwt.decode(access_token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return {}
    return claims


def find_claim(claims: Mapping[str, Any], name: str) -> Any:
    """The claim called `name`, or the one at that path: `realm_access.roles`; a name may have dots itself.

    None where there is none.
    """
    if name in claims:
        return claims[name]
    dots = [position for position, letter in enumerate(name) if letter == "."]
    for dot in dots:
        inner = claims.get(name[:dot])
        found = find_claim(inner, name[dot + 1 :]) if isinstance(inner, Mapping) else None
        if found is not None:
            return found
    return None


def _words(claim: Any) -> set[str]:
    """A claim's words: a list, or a text separated by spaces."""
    if isinstance(claim, str):
        return set(claim.split())
    return {word for word in claim if isinstance(word, str)} if isinstance(claim, list) else set()
