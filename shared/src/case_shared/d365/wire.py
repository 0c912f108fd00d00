# ruff: noqa: ASYNC109 - the caller's lease bounds the whole call, so its seconds are passed down
"""One HTTP exchange with D365, sorted by what it proves: an answer, nothing sent, or an answer lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from multidict import CIMultiDictProxy
from opentelemetry import propagate, trace
from yarl import URL

from case_shared.d365.auth import D365Tokens
from case_shared.d365.bodies import read_at_most
from case_shared.d365.errors import D365Unavailable
from case_shared.d365.support import REQUEST_HEADER, SupportIds
from case_shared.d365.texts import parse_json
from case_shared.process import telemetry
from case_shared.process.clock import Clock
from case_shared.process.proxies import proxy_for, without_user

log = structlog.get_logger(__name__)
_HEADERS = {
    "Accept": "application/json;odata.metadata=minimal",
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    "Content-Type": "application/json; charset=utf-8",
}
_CONNECT_SECONDS = 10.0
# D365's page has at most 10,000 rows; a larger answer is not one of ours.
_MAX_ANSWER_BYTES = 64 * 1024 * 1024


class NothingSentError(Exception):
    """Not a byte of the request left: pool, DNS, TCP, TLS, proxy, or no time left."""


class AnswerLostError(Exception):
    """The request may have arrived, but no whole answer came; `status` if the answer's first line did."""

    def __init__(self, why: str, status: int | None, support: SupportIds) -> None:
        super().__init__(why)
        self.status = status
        self.support = support


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `document` is its JSON object, None if it has none."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    document: dict[str, Any] | None
    support: SupportIds

    @property
    def is_html(self) -> bool:
        """Whether it is a web page: some gateway spoke, not D365's OData."""
        return "html" in self.headers.get("Content-Type", "").lower()


class Wire:
    """Sends once, with a bearer token; after a 401 once more with a fresh one."""

    def __init__(self, session: aiohttp.ClientSession, tokens: D365Tokens, clock: Clock) -> None:
        self._session = session
        self._tokens = tokens
        self._clock = clock

    async def sign_in(self, *, timeout: float) -> None:
        """Get an access token, and send nothing to D365. Raises: D365Unavailable, D365Unauthorized."""
        await self._tokens.token(timeout=timeout)

    async def send(
        self,
        operation: str,
        method: str,
        url: URL,
        *,
        timeout: float,
        body: bytes | None = None,
        ids: Mapping[str, str | int] | None = None,
    ) -> Answer:
        """Make one call within `timeout` seconds, token included; `ids` (never bodies) go to its span.

        Raises: NothingSentError, AnswerLostError; D365Unavailable, D365Unauthorized from the token endpoint, and then
        nothing was sent, or D365 refused the first token.
        """
        deadline = self._clock.monotonic() + timeout
        # What follows the entity set in an address names cases, and what is searched for.
        template = url.path.partition("(")[0]
        named = {"casebridge.d365.operation": operation, **(ids or {})}
        with telemetry.calling(method, url.host or "", template=template, attributes=named) as span:
            answer, token = await self._with_token(operation, method, url, body, deadline)
            if answer.status == 401:
                self._tokens.invalidate(token)
                try:
                    answer, _ = await self._with_token(operation, method, url, body, deadline)
                except (NothingSentError, D365Unavailable) as error:
                    # Something was sent: a gateway may have answered 401 to a request that it has passed on.
                    why = f"D365 answered 401, and the request could not be repeated with a fresh token: {error}"
                    raise AnswerLostError(why, answer.status, answer.support) from error
            telemetry.answered(span, answer.status)
            return answer

    async def _with_token(
        self, operation: str, method: str, url: URL, body: bytes | None, deadline: float
    ) -> tuple[Answer, str]:
        token, support = await self._tokens.token(timeout=deadline - self._clock.monotonic()), SupportIds.new()
        headers = {
            "Authorization": f"Bearer {token}",
            REQUEST_HEADER: str(support.client_request_id),
            **_HEADERS,
        }
        propagate.inject(headers)
        began = self._clock.monotonic()
        try:
            answer = await self._exchange(method, url, body, headers, deadline - began, support)
        except AnswerLostError as error:
            ids = _trace(error.support)
            log.warning("d365_answer_lost", operation=operation, status=error.status, why=str(error), **ids)
            raise
        # Successful reads are many, and nobody asks Microsoft about them.
        level = log.debug if method == "GET" and answer.status < 400 else log.info
        seconds, ids = round(self._clock.monotonic() - began, 3), _trace(answer.support)
        level("d365_request", operation=operation, status=answer.status, seconds=seconds, **ids)
        return answer, token

    async def _exchange(
        self, method: str, url: URL, body: bytes | None, headers: dict[str, str], left: float, support: SupportIds
    ) -> Answer:
        if left <= 0:
            raise NothingSentError("no time left to send the request")
        status = None
        try:
            async with self._session.request(
                method,
                url,
                data=body,
                headers=headers,
                allow_redirects=False,
                proxy=proxy_for(str(url)),
                timeout=_limits(left),
            ) as response:
                status, support = response.status, support.answered(response.headers)
                content = await read_at_most(response, _MAX_ANSWER_BYTES)
                if content is None:
                    raise AnswerLostError(f"the answer is longer than {_MAX_ANSWER_BYTES} bytes", status, support)
                return Answer(status, response.headers, content, _json_object(response, content), support)
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.ClientHttpProxyError,
            aiohttp.InvalidURL,
        ) as error:
            raise NothingSentError(_why(error)) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise AnswerLostError(_why(error), status, support) from error


def _trace(support: SupportIds) -> dict[str, str]:
    """Return the IDs by name, and set them on the current span."""
    ids = support.by_name()
    trace.get_current_span().set_attributes({f"d365.{name}": value for name, value in ids.items()})
    return ids


def _limits(left: float) -> aiohttp.ClientTimeout:
    # Connecting times out before the whole call does, so a time-out of the whole means that the request was sent.
    # Without the infinite threshold aiohttp rounds up to whole seconds, past the caller's lease.
    return aiohttp.ClientTimeout(total=left, connect=min(_CONNECT_SECONDS, left / 2), ceil_threshold=float("inf"))


def _json_object(response: aiohttp.ClientResponse, content: bytes) -> dict[str, Any] | None:
    if "json" not in response.headers.get("Content-Type", "").lower():
        return None
    try:
        document = parse_json(content)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _why(error: BaseException) -> str:
    # aiohttp's time-outs contain the address with its filter, which nobody needs to read.
    name = type(error).__name__
    return (
        f"D365 did not answer in time ({name})"
        if isinstance(error, TimeoutError)
        else f"{name}: {without_user(str(error))}"[:500]
    )
