"""Entra's discovery documents: where a tenant's endpoints are (v1 and v2)."""

from d365_sandbox.odata_errors import JsonObject

COMMON = "common"
METHODS = ["client_secret_post", "private_key_jwt", "client_secret_basic"]


def document(origin: str, tenant: str, *, is_v2: bool) -> JsonObject:
    """`.well-known/openid-configuration` of a tenant, as far as client credentials need it."""
    root = f"{origin}/{tenant}"
    version = "/v2.0" if is_v2 else ""
    return {
        "token_endpoint": f"{root}/oauth2{version}/token",
        "token_endpoint_auth_methods_supported": METHODS,
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "PS256"],
        "jwks_uri": f"{root}/discovery{version}/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "grant_types_supported": ["client_credentials"],
        "issuer": f"{root}/v2.0" if is_v2 else f"{root}/",
        "authorization_endpoint": f"{root}/oauth2{version}/authorize",
        "tenant_region_scope": None,
        "cloud_instance_name": "microsoftonline.com",
    }


def assertion_audiences(origin: str, tenant: str) -> frozenset[str]:
    """The audiences allowed in an assertion: a token endpoint or an issuer of the tenant."""
    root = f"{origin}/{tenant}" if tenant else origin
    return frozenset({f"{root}/oauth2/v2.0/token", f"{root}/oauth2/token", f"{root}/v2.0", f"{root}/", root})
