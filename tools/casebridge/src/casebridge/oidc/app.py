"""The provider's HTTP routes."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from authlib.oauth2.rfc6749 import OAuth2Error
from yarl import URL

from casebridge.oidc.keys import ACCESS_TYPE, ALGORITHM, TokenSigner, create_key
from casebridge.oidc.pages import login_page
from casebridge.oidc.server import Provider, Request
from casebridge.oidc.settings import OidcProviderSettings
from casebridge.oidc.users import ALL_SCOPES, USERS

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
CROSS_ORIGIN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "GET, POST",
}
CROSS_ORIGIN_PATHS = {"/.well-known/openid-configuration", "/jwks", "/token", "/userinfo"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(settings: OidcProviderSettings) -> web.Application:
    """The provider as an aiohttp application; creates the signing key at its first start."""
    signer = TokenSigner(create_key(settings.oidc_data_dir), settings.oidc_issuer, settings.oidc_audience)
    routes = Routes(Provider(settings, signer), signer)
    app = web.Application(middlewares=[allow_other_origins])
    app.add_routes(
        [
            web.get("/healthz", routes.health),
            web.get("/.well-known/openid-configuration", routes.discovery),
            web.get("/jwks", routes.jwks),
            web.get("/authorize", routes.ask_user),
            web.post("/authorize", routes.authorize),
            web.post("/token", routes.token),
            web.post("/revoke", routes.revoke),
            web.get("/userinfo", routes.userinfo),
            web.get("/end_session", routes.end_session),
        ]
    )
    return app


@web.middleware
async def allow_other_origins(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let front ends of any origin use the paths without cookies."""
    if request.path not in CROSS_ORIGIN_PATHS:
        return await handler(request)
    response = web.Response() if request.method == "OPTIONS" else await handler(request)
    response.headers.update(CROSS_ORIGIN)
    return response


class Routes:
    """One method per route."""

    def __init__(self, provider: Provider, signer: TokenSigner) -> None:
        self._provider = provider
        self._signer = signer

    async def health(self, _: web.Request) -> web.Response:
        return web.json_response({"healthy": True})

    async def discovery(self, request: web.Request) -> web.Response:
        """The discovery document; addresses for programs use the host they asked, even another name of it (Compose)."""
        issuer = self._signer.issuer
        here = request.url.origin()
        return web.json_response(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{here}/token",
                "userinfo_endpoint": f"{here}/userinfo",
                "end_session_endpoint": f"{issuer}/end_session",
                "revocation_endpoint": f"{here}/revoke",
                "jwks_uri": f"{here}/jwks",
                "casebridge_development": True,  # services refuse it if others could reach it
                "scopes_supported": ALL_SCOPES,
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": [ALGORITHM],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
                "claims_supported": ["iss", "sub", "aud", "exp", "iat", "dealers", "preferred_username"],
            }
        )

    async def jwks(self, _: web.Request) -> web.Response:
        return web.json_response({"keys": [self._signer.key.as_dict(private=False)]})

    async def ask_user(self, request: web.Request) -> web.Response:
        oauth = Request(request, self._uri(request), {})
        try:
            self._provider.get_consent_grant(oauth)
        except OAuth2Error as error:
            return self._provider.refuse(oauth, error)
        return web.Response(text=login_page(request.query), content_type="text/html", headers=PAGE_HEADERS)

    async def authorize(self, request: web.Request) -> web.Response:
        oauth = await self._oauth_request(request)
        return self._provider.authorize(oauth, USERS.get(oauth.form.get("user", "")))

    async def token(self, request: web.Request) -> web.Response:
        return self._provider.exchange(await self._oauth_request(request))

    async def revoke(self, request: web.Request) -> web.Response:
        """A refresh token that is sent here works no more, until the next start; whatever else is sent is forgotten."""
        self._provider.revoke(str((await request.post()).get("token", "")))
        return web.json_response({})

    async def userinfo(self, request: web.Request) -> web.Response:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        claims = self._signer.read(token, ACCESS_TYPE) if scheme.lower() == "bearer" else None
        if claims is None:
            return web.json_response(
                {"error": "invalid_token"}, status=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}
            )
        return web.json_response({name: claims[name] for name in ("sub", "preferred_username", "dealers")})

    async def end_session(self, request: web.Request) -> web.Response:
        target = request.query.get("post_logout_redirect_uri")
        client = self._provider.query_client(request.query.get("client_id", "portal-web"))
        if target and client and client.check_redirect_uri(target):
            state = request.query.get("state")
            raise web.HTTPFound(URL(target).update_query(state=state) if state else target)
        return web.Response(text="You are signed out. This provider keeps no sessions.\n")

    async def _oauth_request(self, request: web.Request) -> Request:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        return Request(request, self._uri(request), form)

    def _uri(self, request: web.Request) -> str:
        """The request's address as the issuer's clients see it; Authlib requires TLS unless it is loopback."""
        return f"{self._signer.issuer}{request.path_qs}"
