"""A client of the public REST APIs with a user's own token; refusals are problem documents (docs/problems.md)."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx2
from opentelemetry import propagate
from pydantic import ValidationError

from case_shared.process import telemetry
from case_shared.words.errors import Transient
from portal_web.domain.case_api import FieldError

# Problems of status 503 that a page explains; all others are the same to a user.
EXPLAINED = frozenset({"lists-unknown", "list-too-slow"})
MOST_CONNECTIONS, MOST_STREAMS = 100, 500
_POOL_SECONDS = 2.0
_PREFIX = "urn:casebridge:problem:"


def connections(most: int) -> httpx2.AsyncClient:
    """At most this many connections, for pages or for streams, so that streams do not take what pages need.

    Without the proxies of the environment, which would read the users' tokens, and also without its authorities: so
    these are named, the system's or those of SSL_CERT_FILE and SSL_CERT_DIR.
    """
    return httpx2.AsyncClient(
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=most),
        verify=ssl.create_default_context(),
        trust_env=False,
    )


class Problem(Exception):
    """The API refused."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        self.status = status
        self.slug = str(document.get("type", "")).removeprefix(_PREFIX)
        self.detail: str = document.get("detail") or document.get("title") or ""
        self.trace_id: str | None = document.get("trace_id")
        self.current_etag: str | None = document.get("current_etag")
        try:
            self.fields = [FieldError.model_validate(one) for one in document.get("errors") or []]
        except ValidationError:
            self.fields = []
        super().__init__(f"{status} {self.slug}: {self.detail}")

    def about(self, field: str) -> bool:
        """Whether it is about this field, as `/reason`, or a part of it."""
        return any(one.pointer == field or one.pointer.startswith(f"{field}/") for one in self.fields)


class Unavailable(Transient):
    """The API does not answer, is temporarily unavailable, or something else answered in its place."""

    @property
    def why(self) -> str:
        """What the API said; nothing if it gave no answer."""
        return self.__cause__.detail if isinstance(self.__cause__, Problem) else ""


@dataclass(frozen=True)
class Answer:
    """What an API answered."""

    body: Any
    etag: str | None = None


@dataclass
class Load:
    """How many requests of pages are under way, of the `most` that have connections."""

    most: int = MOST_CONNECTIONS
    under_way: int = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Count a request."""
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    @property
    def exhausted(self) -> bool:
        """Whether the next one would have to wait."""
        return self.under_way >= self.most


@dataclass(frozen=True)
class Rest:
    """One API, as one user sees it. Raises Problem, and Unavailable."""

    http: httpx2.AsyncClient
    url: str
    token: str = field(repr=False)
    timeout: float = 15.0
    headers: dict[str, str] = field(default_factory=dict)
    # Long answers that arrive in parts (live streams, exports) have connections of their own.
    streams: httpx2.AsyncClient | None = None
    load: Load = field(default_factory=Load)

    async def call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **given: Any) -> Answer:
        """Call the API; `given` is httpx2's: params, json."""
        try:
            with self.load.one(), telemetry.calling(method, self._host) as span:
                response = await self.http.request(
                    method, self.url + path, headers=self._headers(headers), timeout=self._patience, **given
                )
                telemetry.answered(span, response.status_code)
        except httpx2.HTTPError as error:
            raise Unavailable(f"{method} {self.url}: {error!r}") from error
        refuse(response)
        return Answer(_body_of(response), response.headers.get("etag"))

    async def get(self, path: str, **params: Any) -> Answer:
        """GET, without the parameters that are None or empty."""
        return await self.call("GET", path, params={name: value for name, value in params.items() if value})

    @asynccontextmanager
    async def stream(
        self, path: str, *, headers: dict[str, str] | None = None, patience: httpx2.Timeout | None = None, **params: Any
    ) -> AsyncIterator[httpx2.Response]:
        """GET an answer that arrives in parts."""
        kept = {name: value for name, value in params.items() if value}
        http = self.streams or self.http
        try:
            # The span ends with the head of the answer: what comes bit by bit may take hours.
            with telemetry.calling("GET", self._host) as span:
                request = http.build_request(
                    "GET",
                    self.url + path,
                    params=kept,
                    headers=self._headers(headers),
                    timeout=patience or self._patience,
                )
                response = await http.send(request, stream=True)
                telemetry.answered(span, response.status_code)
        except httpx2.HTTPError as error:
            raise Unavailable(f"GET {self.url}: {error!r}") from error
        try:
            if response.is_error:
                await response.aread()
            refuse(response)
            yield response
        finally:
            await response.aclose()

    def patient(self, seconds: float) -> "Rest":
        """The same API, for a call that may take this long."""
        return replace(self, timeout=seconds)

    @property
    def _host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def _patience(self) -> httpx2.Timeout:
        """Wait only briefly for a free connection: without one, the page should say so soon."""
        return httpx2.Timeout(self.timeout, pool=min(self.timeout, _POOL_SECONDS))

    def _headers(self, more: dict[str, str] | None) -> dict[str, str]:
        """The headers; raises Problem, as the API would, for a value from outside that no header can contain."""
        for name, value in (more or {}).items():
            if not (value.isascii() and value.isprintable()):
                title = f"{name} contains characters that are not allowed in a header"
                raise Problem(422, {"type": f"{_PREFIX}invalid-request", "title": title})
        sent = {"Authorization": f"Bearer {self.token}", **self.headers, **(more or {})}
        propagate.inject(sent)
        return sent


def refuse(response: httpx2.Response) -> None:
    """Raise the exception for whatever is no success."""
    if response.is_success:
        return
    if not response.is_error:  # the APIs redirect nobody, and answer 304 only to who asks for it
        raise Unavailable(f"{_asked(response)}: status {response.status_code} is no answer of the API")
    try:
        document = response.json()
    except ValueError:
        document = {}
    problem = Problem(response.status_code, document if isinstance(document, dict) else {})
    busy = response.status_code == httpx2.codes.TOO_MANY_REQUESTS
    if busy or (response.is_server_error and problem.slug not in EXPLAINED):
        raise Unavailable(str(problem)) from problem
    raise problem


def _body_of(response: httpx2.Response) -> Any:
    """The JSON of an answer, None for 204; raises Unavailable for anything else, such as a page of a gateway."""
    if response.status_code == httpx2.codes.NO_CONTENT:
        return None
    try:
        return response.json()
    except ValueError as error:
        raise Unavailable(f"{_asked(response)}: a body that is not valid JSON is no answer of the API") from error


def _asked(response: httpx2.Response) -> str:
    """What was asked, without the query: it may contain what a user searched for."""
    return f"{response.request.method} {response.url.copy_with(query=None)}"
