"""Protects every page: limits what browsers may embed, run and send, and accepts forms only from our own pages."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal_web.web.preferences import words_of

# Nothing inline, nothing from elsewhere. Fetch metadata and SameSite protect forms; frames are refused.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# `none`: the user, by reload or address bar; no other site can cause that.
_SENT_BY_USERS = {"same-origin", "none"}
_SAFE = {"GET", "HEAD", "OPTIONS"}
# The provider itself sends here, not a browser: a token that it has signed says so.
BACK_CHANNEL = "/sign-out/back-channel"


@dataclass
class Protection:
    """Adds the headers, and refuses what another site sends."""

    app: ASGIApp
    public_url: str
    hsts_seconds: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Protect one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                if self.hsts_seconds:
                    headers.setdefault("Strict-Transport-Security", f"max-age={self.hsts_seconds}; includeSubDomains")
            await send(message)

        if scope["method"] not in _SAFE and scope["path"] != BACK_CHANNEL and not self._ours(Headers(scope=scope)):
            words = words_of(Request(scope))
            refusal = PlainTextResponse(
                words("This form was not sent from this site. Open the page again and send the form from there.")
                + "\n",
                403,
            )
            await refusal(scope, receive, protected)
            return
        # Ignore `Host`: addresses must contain our own name.
        others = [header for header in scope["headers"] if header[0] != b"host"]
        # In place: what is around it is to see which route is chosen.
        scope["headers"] = [*others, (b"host", self._host)]
        await self.app(scope, receive, protected)

    @property
    def _host(self) -> bytes:
        return urlsplit(self.public_url).netloc.encode()

    def _ours(self, headers: Headers) -> bool:
        """Whether a page of ours sent it; browsers always send one of the two headers."""
        site = headers.get("sec-fetch-site")
        return site in _SENT_BY_USERS if site else headers.get("origin") == self.public_url


def by_navigation(request: Request) -> bool:
    """Whether the browser opens a page, and not a script or a stream that requests something."""
    headers = request.headers
    mode = headers.get("sec-fetch-mode")
    if mode:
        return mode == "navigate" and headers.get("sec-fetch-dest", "document") == "document"
    accepted = headers.get("accept", "*/*")
    return not by_script(request) and any(kind in accepted for kind in ("text/html", "*/*"))


def by_own_form(request: Request) -> bool:
    """Whether a form of ours may have led here, by GET. A redirect to another site then goes nowhere: `form-action`."""
    return request.headers.get("sec-fetch-site") == "same-origin" and bool(request.url.query)


def by_script(request: Request) -> bool:
    """Whether a script of ours (htmx, form.js) sent the request, not the browser for a page."""
    return request.headers.get("hx-request") == "true"


def by_user(request: Request) -> bool:
    """Whether the user does something, rather than a page that is open by itself: it asks for news, now and then."""
    if request.method not in _SAFE or by_navigation(request):
        return True
    return by_script(request) and not request.url.path.endswith("/now")
