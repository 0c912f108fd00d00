"""What a token's claims let its user do: scopes and dealers, by the names that the provider gives them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from case_shared.process.settings import OidcSettings, names


@dataclass(frozen=True)
class Rights:
    """Our scopes (`cases:read`, …) and the slugs of dealers.

    `left_out`: the dealers' claim, if the provider says that the user has values that the token does not contain.
    """

    scopes: frozenset[str] = frozenset()
    dealers: frozenset[str] = frozenset()
    left_out: str | None = None


def rights_of(claims: Mapping[str, Any], settings: OidcSettings) -> Rights:
    """Return the rights in an access token's claims; a word that `OIDC_SCOPE_MAP` does not map counts as a scope."""
    claimed = (words_in(claims, name) for name in names(settings.oidc_scope_claim))
    granted = frozenset().union(*claimed)
    mapped = {scope for word in granted for scope in settings.oidc_scope_map.get(word, "").split()}
    dealers = slugs_in(words_in(claims, settings.oidc_dealers_claim), settings.oidc_dealers_prefix)
    return Rights(granted | mapped, frozenset(dealers), left_out(claims, settings))


def left_out(claims: Mapping[str, Any], settings: OidcSettings) -> str | None:
    """Return the dealers' claim, if it is missing because it would be too long: Entra ID's group overage.

    `_claim_names` refers to an API that has the values (OpenID Connect Core 1.0, section 5.6.2); tokens of the implicit
    flow have only `hasgroups`.
    """
    claim = settings.oidc_dealers_claim
    if find_claim(claims, claim) is not None:
        return None
    elsewhere = claims.get("_claim_names")
    named = isinstance(elsewhere, Mapping) and claim in elsewhere
    return claim if named or (claim == "groups" and str(claims.get("hasgroups")).lower() == "true") else None


def username_of(claims: Mapping[str, Any], settings: OidcSettings) -> str | None:
    """Return the name in the first of `OIDC_USERNAME_CLAIM` that the token has, or None if it has none of them."""
    found = (str(find_claim(claims, name) or "") for name in names(settings.oidc_username_claim))
    return next(filter(None, (text.replace("\x00", "")[:254] for text in found)), None)


def rights_in(access_token: str, settings: OidcSettings) -> Rights:
    """Return the rights in a token that the provider has just issued; see `claims_in`."""
    return rights_of(claims_in(access_token), settings)


def claims_in(access_token: str) -> Mapping[str, Any]:
    """Return the claims of a token that the provider itself has just issued; none if it is not a JWT.

    The signature is not checked: this is only for showing what the APIs, which do check it, will allow.
    """
    try:
        claims: dict[str, Any] = jwt.decode(access_token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return {}
    return claims


def find_claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return the claim `name`, or the one at that path (`realm_access.roles`); None if neither exists.

    A name may itself contain dots.
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


def slugs_in(values: set[str], prefix: str) -> set[str]:
    """Return the dealers among the values: after the prefix; in a group's path, no group below the dealer's."""
    if not prefix:
        return values
    behind = (value.removeprefix(prefix) for value in values if value.startswith(prefix))
    return {slug for slug in behind if slug and "/" not in slug}


def words_in(claims: Mapping[str, Any], name: str) -> set[str]:
    """Return the words of the claim `name`: from a list, or from a text separated by spaces."""
    claim = find_claim(claims, name)
    if isinstance(claim, str):
        return set(claim.split())
    return {word for word in claim if isinstance(word, str)} if isinstance(claim, list) else set()
