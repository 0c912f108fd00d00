"""A thin client of the services' REST APIs."""

import getpass
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from json import JSONDecodeError
from pathlib import Path
from typing import Any

import httpx2

from case_shared.process.proxies import proxy_for
from casebridge.errors import OperationFailed, UsageError
from casebridge.oidc.users import OPERATOR_SCOPES, User
from casebridge.state import get_running
from casebridge.tokens import mint

TIMEOUT_SECONDS = 40
TOKEN_MINUTES = 10
PAGE_SIZE = 100
# The services redirect nothing: what does is in front of them, and passed nothing on.
ANSWERS = frozenset([*range(200, 300), *range(400, 600)])
Page = dict[str, Any]


class Refused(OperationFailed):
    """The service refused; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """What a service answered."""

    body: Any
    etag: str | None


@dataclass(frozen=True)
class Api:
    """One service, with a token for it; `renew` mints another, if the token is one of ours."""

    url: str
    token: str = field(repr=False)
    renew: Callable[[], str] | None = field(default=None, repr=False, compare=False)

    def call(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        within_seconds: float = TIMEOUT_SECONDS,
        **params: Any,
    ) -> Answer:
        """Call the service, without the parameters that are None.

        Raises Refused with the problem's text, OperationFailed if the service does not answer or something else answers
        for it, UsageError if the request cannot be sent.
        """
        given = {name: value for name, value in params.items() if value is not None}
        if not self.token.isascii():
            raise UsageError("the access token (--token or CASEBRIDGE_TOKEN) has characters that no token has")
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            response = httpx2.request(
                method, self.url + path, json=body, params=given, headers={**bearer, **(headers or {})},
                timeout=within_seconds, verify=ssl.create_default_context(), proxy=proxy_for(self.url), trust_env=False,
            )  # fmt: skip
            if response.status_code not in ANSWERS:
                raise OperationFailed(f"{method} {self.url}{path}: {elsewhere(response)}")
            decoded = response.json() if response.content else None
        except (JSONDecodeError, UnicodeDecodeError):
            raise OperationFailed(
                f"{method} {self.url}{path}: the answer {response.status_code} is not valid JSON"
            ) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise OperationFailed(
                f"{self.url} does not answer ({type(error).__name__}): check the address, and whether the stack is "
                "running"
            ) from error
        except ValueError as error:  # in a request: a byte that is not UTF-8, half a surrogate pair, NaN
            raise UsageError(
                f"{method} {path} cannot be sent, because a value that you gave is not valid: {error}"
            ) from None
        if response.is_error:
            raise Refused(response.status_code, explain(response.status_code, decoded))
        return Answer(decoded, response.headers.get("ETag"))

    def get(self, path: str, **params: Any) -> Answer:
        """GET."""
        return self.call("GET", path, **params)

    def act(self, resource: str, action: str, body: dict[str, Any]) -> Any:
        """Do something to a resource as it is now: read its ETag first and send it along."""
        etag = self.get(resource).etag
        return self.call("POST", f"{resource}/{action}", body=body, headers={"If-Match": etag} if etag else {}).body

    def page(self, path: str, limit: int, cursor: str | None = None, **params: Any) -> Page:
        """`limit` entries of a list, from `cursor` on, in as many requests as needed; `next` is the next cursor."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, limit=min(PAGE_SIZE, limit - len(found)), cursor=cursor, **params).body
            found += page["items"]
            cursor = page["next"]
            if not cursor or len(found) >= limit:
                return {"items": found, "next": cursor, "has_more": cursor is not None}


def elsewhere(response: httpx2.Response) -> str:
    """What an answer means that is neither a success nor an error, and what to do."""
    to = f" to {response.headers['Location']}" if "Location" in response.headers else ""
    return (
        f"the answer is a redirect, {response.status_code}{to}, and the service got nothing: set CASEBRIDGE_URL (or "
        "--url) to the address that it redirects to"
    )


def explain(status: int, problem: Any) -> str:
    """A problem document (RFC 9457) in words: what is wrong, and with which field."""
    if not isinstance(problem, dict):
        return f"refused with {status}"
    words = [str(problem[part]) for part in ("title", "detail") if problem.get(part)] or [f"refused with {status}"]
    lines = [": ".join(words)]
    for error in problem.get("errors") or []:
        where, what = (error.get("pointer"), error.get("detail")) if isinstance(error, dict) else ("", error)
        lines.append(f"  {where or ''} {what}".rstrip())
    return "\n".join(lines)


def operator_api(data_dir: Path, url: str | None, token: str | None) -> Api:
    """d365-sync's API: by address and token if given, otherwise found through the data folder.

    Then it creates a token for the user of this computer, as an operator. Raises UsageError for `url` without a token:
    it sends no token of a local stack to a foreign address.
    """
    if url:
        if not token:
            raise UsageError("--url needs --token (or CASEBRIDGE_TOKEN) with a token that this service accepts")
        return Api(url.rstrip("/"), token)
    data_dir = data_dir.resolve()
    stack = get_running(data_dir)
    if "d365-sync" not in stack.urls:
        raise OperationFailed(f"the stack in {data_dir} is running without d365-sync")
    if token:
        return Api(stack.urls["d365-sync"], token)
    user = User(user_name(), "operator", (), OPERATOR_SCOPES)

    def minted() -> str:
        return mint(data_dir, user, " ".join(user.scopes), TOKEN_MINUTES)

    return Api(stack.urls["d365-sync"], minted(), minted)


def user_name() -> str:
    """The user of this computer, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
