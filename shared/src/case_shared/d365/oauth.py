"""Plain OAuth 2 client credentials, by authlib: for the sandbox, AD FS, anything but Entra's v2 endpoint."""

import ssl
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client

from case_shared.d365.auth import Grant
from case_shared.d365.errors import D365Unavailable
from case_shared.d365.sign_in import ClientCredentials
from case_shared.d365.sign_in_errors import json_object, refusal
from case_shared.process.clock import Clock
from case_shared.process.proxies import proxy_for

_SECONDS = 30.0
_MOST_BYTES = 1024 * 1024
# The transport decodes the body, so these headers no longer apply.
_OF_THE_CODING = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_DEFAULT = "/.default"


class _Bounded(httpx2.AsyncHTTPTransport):
    """Accepts no larger an answer than a token can need."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await super().handle_async_request(request)
        try:
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _MOST_BYTES:
                    raise httpx2.ReadError(f"the answer is longer than {_MOST_BYTES} bytes", request=request)
        finally:
            await answer.aclose()
        headers = [(name, value) for name, value in answer.headers.multi_items() if name not in _OF_THE_CODING]
        return httpx2.Response(answer.status_code, headers=headers, content=body)


class OAuthSource:
    """Tokens of one token endpoint; the secret is sent in the form, as Entra, AD FS and most others accept it."""

    def __init__(self, sign_in: ClientCredentials, scope: str, trust: ssl.SSLContext, clock: Clock) -> None:
        self._sign_in = sign_in
        self._target = _target(sign_in.token_url, scope)
        self._trust = trust
        self._clock = clock

    async def fetch(self) -> Grant:
        """Fetch a new token. Raises: D365Unavailable, D365Unauthorized."""
        granted: list[Grant] = []

        def judge(answer: httpx2.Response) -> httpx2.Response:
            document = json_object(answer.content)
            if answer.status_code != httpx2.codes.OK or not isinstance(document.get("access_token"), str):
                raise refusal(answer.status_code, answer.headers, answer.content, self._clock)
            granted.append(Grant(document["access_token"], document.get("expires_in"), answer.headers))
            # authlib would fail on a lifetime that is not a number; we take the token, for a short time.
            return httpx2.Response(httpx2.codes.OK, json={"access_token": document["access_token"]})

        try:
            async with self._client() as client:
                client.register_compliance_hook("access_token_response", judge)
                await client.fetch_token(self._sign_in.token_url, grant_type="client_credentials", **self._target)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            raise D365Unavailable(f"token endpoint: {type(error).__name__}: {error}") from error
        return granted[0]

    def _client(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self._sign_in.client_id,
            self._sign_in.secret.get_secret_value(),
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 (its name)
            transport=_Bounded(verify=self._trust, proxy=proxy_for(self._sign_in.token_url), trust_env=False),
            trust_env=False,
            timeout=_SECONDS,
        )


def _target(token_url: str, scope: str) -> dict[str, str]:
    """Return what names D365 in the request: `scope`, and also `resource` if an older endpoint needs it.

    Entra's v1 endpoint (…/oauth2/token) and AD FS (/adfs/oauth2/token) take a resource; AD FS refuses a `/.default`.
    """
    path = urlsplit(token_url).path.rstrip("/").lower()
    if not path.endswith("/oauth2/token"):
        return {"scope": scope}
    resource = {"resource": scope.removesuffix(_DEFAULT)}
    return resource if path.startswith("/adfs/") and scope.endswith(_DEFAULT) else {"scope": scope, **resource}
