"""A realm of Keycloak for Casebridge, and the services' settings that belong to it (docs/identity-providers.md)."""

import json
from dataclasses import dataclass
from typing import Any

from case_shared.words.scopes import Scope

# Client roles of the APIs, and the scopes that each grants.
ROLES = {
    "dealer": (Scope.CASES_READ, Scope.CASES_WRITE, Scope.CASES_SUBMIT),
    "clerk": (Scope.CASES_READ,),
    "operator": (Scope.DOCUMENTS_READ, Scope.DOCUMENTS_WRITE, Scope.AUDIT_READ),
    "eraser": (Scope.PERSONAL_DATA_ERASE,),
}
CLAIM, GROUP = "dealers", "dealers"
PREFIX = f"/{GROUP}/"
_OIDC = "openid-connect"


@dataclass(frozen=True)
class Wanted:
    """What the realm is for."""

    realm: str
    portal_urls: tuple[str, ...]
    dealers: tuple[str, ...] = ()
    by_groups: bool = True
    administrators: bool = False
    audience: str = "casebridge"
    client_id: str = "portal-web"


def realm(wanted: Wanted) -> dict[str, Any]:
    """The realm, as `kc.sh import` and the administrators' console take it; it has no users and no secrets."""
    found: dict[str, Any] = {
        "realm": wanted.realm,
        "enabled": True,
        "sslRequired": "external",
        "registrationAllowed": False,
        "accessTokenLifespan": 300,
        # As long as the portal's sessions: SESSION_IDLE_MINUTES and SESSION_HOURS.
        "ssoSessionIdleTimeout": 240 * 60,
        "ssoSessionMaxLifespan": 12 * 3600,
        "roles": {"client": {wanted.audience: [_role(name) for name in ROLES]}},
        "groups": _groups(wanted),
        "clients": [_apis(wanted), _portal(wanted)],
        "clientScopeMappings": {wanted.audience: [{"client": wanted.client_id, "roles": list(ROLES)}]},
    }
    if not wanted.by_groups:
        found["components"] = {"org.keycloak.userprofile.UserProfileProvider": [_user_profile()]}
    if wanted.administrators:
        found["adminPermissionsEnabled"] = True
    return found


def settings(wanted: Wanted, keycloak_url: str) -> dict[str, str]:
    """The settings of case-api, d365-sync and portal-web."""
    scope_map = json.dumps({name: " ".join(scopes) for name, scopes in ROLES.items()})
    return {
        "OIDC_ISSUER": f"{keycloak_url.rstrip('/')}/realms/{wanted.realm}",
        "OIDC_AUDIENCE": wanted.audience,
        "OIDC_SCOPE_CLAIM": f"resource_access.{wanted.audience}.roles",
        "OIDC_SCOPE_MAP": scope_map,
        "OIDC_DEALERS_CLAIM": CLAIM,
        **({"OIDC_DEALERS_PREFIX": PREFIX} if wanted.by_groups else {}),
        "OIDC_CLIENT_ID": wanted.client_id,
        "OIDC_SCOPES": "openid profile",
    }


def _role(name: str) -> dict[str, Any]:
    return {"name": name, "description": " ".join(ROLES[name])}


def _groups(wanted: Wanted) -> list[dict[str, Any]]:
    found = [_dealers(wanted), {"name": "operators", "clientRoles": {wanted.audience: ["operator"]}}]
    if wanted.administrators:
        # They may ask for lists of users and groups; what the lists contain follows from their permissions.
        may_ask = {"realm-management": ["query-users", "query-groups"]}
        below = [{"name": slug} for slug in wanted.dealers]
        found.append({"name": "administrators", "clientRoles": may_ask, "subGroups": below})
    return found


def _dealers(wanted: Wanted) -> dict[str, Any]:
    """The group whose members are dealers; by groups it has one for each dealer, which inherits the role."""
    below = [{"name": slug} for slug in wanted.dealers] if wanted.by_groups else []
    return {"name": GROUP, "clientRoles": {wanted.audience: ["dealer"]}, "subGroups": below}


def _apis(wanted: Wanted) -> dict[str, Any]:
    """The client that represents the APIs: it has roles, and nobody signs in with it."""
    flows = ("standardFlowEnabled", "implicitFlowEnabled", "directAccessGrantsEnabled", "serviceAccountsEnabled")
    return {"clientId": wanted.audience, "name": "Casebridge APIs", "enabled": True, **dict.fromkeys(flows, False)}


def _portal(wanted: Wanted) -> dict[str, Any]:
    """The portal: a public client with PKCE that may lead to the portal's own addresses only."""
    return {
        "clientId": wanted.client_id,
        "name": "Casebridge portal",
        "enabled": True,
        "publicClient": True,
        "standardFlowEnabled": True,
        "implicitFlowEnabled": False,
        "directAccessGrantsEnabled": False,
        "serviceAccountsEnabled": False,
        "frontchannelLogout": False,
        # Else a token has every role that its user has anywhere.
        "fullScopeAllowed": False,
        "redirectUris": [f"{url}/sign-in/done" for url in wanted.portal_urls],
        "webOrigins": [],
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": "##".join(f"{url}/signed-out" for url in wanted.portal_urls),
            "backchannel.logout.url": f"{wanted.portal_urls[0]}/sign-out/back-channel",
            "backchannel.logout.session.required": "true",
            "backchannel.logout.revoke.offline.tokens": "true",
        },
        "protocolMappers": [
            _mapper("audience of the APIs", "oidc-audience-mapper", {"included.client.audience": wanted.audience}),
            _dealers_mapper(wanted),
        ],
    }


def _dealers_mapper(wanted: Wanted) -> dict[str, Any]:
    if wanted.by_groups:
        config = {"claim.name": CLAIM, "full.path": "true"}
        return _mapper("dealers as groups", "oidc-group-membership-mapper", config)
    config = {"user.attribute": CLAIM, "claim.name": CLAIM, "jsonType.label": "String", "multivalued": "true"}
    return _mapper("dealers as attribute", "oidc-usermodel-attribute-mapper", config)


def _mapper(name: str, kind: str, config: dict[str, str]) -> dict[str, Any]:
    """A mapper into the access token alone: the ID token of a user with hundreds of dealers stays short."""
    only = {"access.token.claim": "true", "id.token.claim": "false", "userinfo.token.claim": "false"}
    return {"name": name, "protocol": _OIDC, "protocolMapper": kind, "config": {**only, **config}}


def _user_profile() -> dict[str, Any]:
    """The users' attributes: Keycloak drops those that are not declared. Users cannot change their own dealers."""
    everyone = {"view": ["admin", "user"], "edit": ["admin", "user"]}
    plain = [
        {"name": name, "displayName": f"${{{name}}}", "permissions": everyone, "multivalued": False}
        for name in ("username", "email", "firstName", "lastName")
    ]
    ours = {
        "name": CLAIM,
        "displayName": "Dealers",
        "multivalued": True,
        "permissions": {"view": ["admin"], "edit": ["admin"]},
    }
    declared = json.dumps({"attributes": [*plain, ours], "groups": []})
    return {"providerId": "declarative-user-profile", "config": {"kc.user.profile.config": [declared]}}
