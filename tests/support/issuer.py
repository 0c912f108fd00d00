"""An identity provider within the test's own process, and its tokens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec

from case_shared.words.scopes import Scope
from tests.support.processes import free_port

CLIENT_SECRET = "of-every-client-7d1f0c"
_KEY = ec.generate_private_key(ec.SECP256R1())


def public_key() -> dict[str, Any]:
    """The provider's key, as it publishes it."""
    return {**jwt.algorithms.ECAlgorithm.to_jwk(_KEY.public_key(), as_dict=True), "kid": "k", "use": "sig"}


@asynccontextmanager
async def issuer() -> AsyncIterator[str]:
    """Serve a discovery document, keys and tokens by client credentials; yields the address, which is the issuer."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    app = web.Application()

    async def discovery(_request: web.Request) -> web.Response:
        return web.json_response({"issuer": url, "jwks_uri": f"{url}/keys"})

    async def keys(_request: web.Request) -> web.Response:
        return web.json_response({"keys": [public_key()]})

    async def client_token(request: web.Request) -> web.Response:
        form = await request.post()
        if (form.get("grant_type"), form.get("client_secret")) != ("client_credentials", CLIENT_SECRET):
            return web.json_response({"error": "invalid_client", "error_description": "wrong secret"}, status=401)
        issued = token(url, subject=str(form["client_id"]), seconds=60)
        return web.json_response({"access_token": issued, "token_type": "Bearer", "expires_in": 60})

    app.add_routes(
        [
            web.get("/.well-known/openid-configuration", discovery),
            web.get("/keys", keys),
            web.post("/token", client_token),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield url
    finally:
        await runner.cleanup()


def token(url: str, *dealers: str, subject: str = "ann", seconds: int = 600) -> str:
    """A token of the provider at `url` with every scope, for `dealers`, valid for `seconds`."""
    claims = {
        "iss": url,
        "aud": "casebridge",
        "sub": subject,
        "iat": int(datetime.now(UTC).timestamp()),
        "exp": int(datetime.now(UTC).timestamp()) + seconds,
        "scope": " ".join(Scope),
        "dealers": list(dealers),
    }
    return jwt.encode(claims, _KEY, "ES256", headers={"kid": "k"})
